"""Who is in a clip and what they feel: subjects, affect, and how face, voice and raters follow."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect.labels import EKMAN7

CATEGORIES = EKMAN7.names
ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 15, 17, 20, 23, 25, 26)
RATERS = 8

# Mean valence, arousal, dominance of the terms neutral (the origin), joyful, sad, surprised,
# terrified-fearful, disgusted and angry, after Russell & Mehrabian 1977, rounded to 0.05.
VAD = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.75, 0.5, 0.35],
        [-0.65, -0.3, -0.35],
        [0.4, 0.65, -0.15],
        [-0.6, 0.6, -0.45],
        [-0.6, 0.35, 0.1],
        [-0.5, 0.6, 0.25],
    ]
)
SPREAD = 0.2

# Action units of each category (EMFACS prototypes, Ekman & Friesen), with typical strength.
PROTOTYPES: tuple[dict[int, float], ...] = (
    {},
    {6: 0.8, 12: 0.9, 25: 0.5},
    {1: 0.8, 4: 0.5, 15: 0.8, 17: 0.5},
    {1: 0.8, 2: 0.9, 5: 0.7, 25: 0.7, 26: 0.7},
    {1: 0.8, 2: 0.6, 4: 0.5, 5: 0.8, 7: 0.3, 20: 0.6, 25: 0.5},
    {4: 0.3, 7: 0.4, 9: 0.9, 15: 0.4, 17: 0.5},
    {4: 0.9, 5: 0.4, 7: 0.6, 17: 0.3, 23: 0.8},
)


@dataclass(frozen=True)
class Subject:
    """Looks and habits of a person; fields without unit are factors around 1 or shares."""

    number: int
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    head_width: float
    jaw: float
    eye_size: float
    eye_gap: float
    brow_thickness: float
    brow_height: float
    mouth_width: float
    lip: float
    nose: float
    hair_style: int
    beard: float
    glasses: bool
    camera: tuple[float, float, float]  # scale, right, down in head heights
    yaw: float
    light: tuple[float, float]  # direction in radians, strength
    background: tuple[float, float, float]
    pitch: float  # Hz at rest
    tract: float  # formant factor
    rate: float  # syllables per second at rest
    breath: float
    expressive: Float[np.ndarray, " a"]  # per action unit


@dataclass(frozen=True)
class Feeling:
    """One clip's affect and what of it shows: vad in [-1, 1], the rest in [0, 1]."""

    category: int
    vad: Float[np.ndarray, " 3"]
    action_units: Float[np.ndarray, " a"]
    voice: Float[np.ndarray, " 3"]
    face_shows: float
    voice_shows: float


def subject(seed: int, number: int) -> Subject:
    """The person of a number, from the set's seed alone."""
    g = np.random.default_rng((seed, 0, number))
    tone = g.uniform(0.25, 1.0)
    skin = np.clip(np.array([235, 195, 165]) * tone + g.normal(0, 8, 3) + [12, 4, 0], 20, 250)
    hair = np.array([60, 40, 25]) * g.uniform(0.2, 1.0) + g.choice([0, 90], p=[0.75, 0.25])
    low = g.random() < 0.5
    return Subject(
        number=number,
        skin=tuple(skin),
        hair=tuple(np.clip(hair + g.normal(0, 12, 3), 5, 230)),
        iris=tuple(g.uniform([30, 30, 20], [110, 110, 140])),
        head_width=g.uniform(0.68, 0.86),
        jaw=g.uniform(0.75, 1.0),
        eye_size=g.uniform(0.85, 1.15),
        eye_gap=g.uniform(0.9, 1.1),
        brow_thickness=g.uniform(0.7, 1.5),
        brow_height=g.normal(0, 0.02),
        mouth_width=g.uniform(0.85, 1.15),
        lip=g.uniform(0.7, 1.4),
        nose=g.uniform(0.85, 1.2),
        hair_style=int(g.integers(4)),
        beard=float(g.uniform(0.3, 0.8)) if low and g.random() < 0.4 else 0.0,
        glasses=bool(g.random() < 0.2),
        camera=(g.uniform(0.95, 1.05), g.normal(0, 0.01), g.normal(0, 0.01)),
        yaw=g.normal(0, 0.08),
        light=(g.uniform(0, 2 * np.pi), g.uniform(0.1, 0.45)),
        background=tuple(g.uniform(60, 190, 3)),
        pitch=float(g.normal(115, 14) if low else g.normal(205, 22)),
        tract=float((1.0 if low else 1.15) * g.uniform(0.95, 1.05)),
        rate=g.uniform(3.2, 4.6),
        breath=g.uniform(0.01, 0.06),
        expressive=g.uniform(0.55, 1.15, len(ACTION_UNITS)),
    )


def feeling(g: np.random.Generator, person: Subject, category: int) -> Feeling:
    """Draw a clip's affect; a controlled face or voice shows little of it.

    About a quarter of the clips hold back the face (and smile politely), another quarter the
    voice; so each alone misses what the other tells.
    """
    vad = np.clip(VAD[category] + g.normal(0, SPREAD, 3), -1, 1)
    held = g.random()
    face_shows = g.uniform(0.05, 0.2) if held < 0.3 else g.uniform(0.6, 1.0)
    voice_shows = g.uniform(0.1, 0.3) if 0.3 <= held < 0.5 else g.uniform(0.75, 1.0)
    strength = 0.75 + 0.25 * np.clip(vad[1] - VAD[category][1], -1, 1)
    units = np.zeros(len(ACTION_UNITS))
    for unit, typical in PROTOTYPES[category].items():
        i = ACTION_UNITS.index(unit)
        present = g.random() > 0.18  # people leave parts of a prototype out
        units[i] = present * typical * strength * face_shows * person.expressive[i]
    units += np.abs(g.normal(0, 0.07, len(units)))
    stray = g.integers(len(units))
    units[stray] += g.uniform(0, 0.35)
    if face_shows < 0.3:
        units[ACTION_UNITS.index(12)] += g.uniform(0, 0.35)
    # Valence is faint in the voice; arousal is loud and clear (Juslin & Laukka 2003).
    voice = np.array([0.8, 1.0, 1.0]) * vad * voice_shows + g.normal(0, [0.12, 0.06, 0.08])
    return Feeling(
        category, vad, np.clip(units, 0, 1), np.clip(voice, -1, 1), face_shows, voice_shows
    )


def votes(g: np.random.Generator, felt: Feeling) -> Int[np.ndarray, " k"]:
    """How many of the raters chose each category.

    A rater weighs how near the clip's VAD lies to each category and what the clip shows; what is
    held back is mistaken more often.
    """
    distance = ((felt.vad - VAD) ** 2).sum(1) / (2 * 0.35**2)
    evidence = -0.5 * distance
    evidence[felt.category] += 1.0 + 1.5 * (felt.face_shows + felt.voice_shows) / 2
    p = np.exp(evidence - evidence.max())
    return g.multinomial(RATERS, p / p.sum()).astype(np.int32)
