"""A voice by source and filter: glottal pulses, formants, and prosody that follows affect."""

import itertools

import numpy as np
from jaxtyping import Float, Int16
from scipy import signal

from tfds_builders.affect_synth.people import Subject

RATE = 16_000

# First three formants in Hz of a, e, i, o, u, schwa for an adult male (Peterson & Barney 1952).
VOWELS = np.array(
    [
        [730, 1090, 2440],
        [530, 1840, 2480],
        [270, 2290, 3010],
        [570, 840, 2410],
        [300, 870, 2240],
        [500, 1500, 2500],
    ]
)
BANDWIDTHS = (80, 110, 160)


def speak(
    g: np.random.Generator, person: Subject, vad: Float[np.ndarray, " 3"], seconds: float
) -> Float[np.ndarray, " s"]:
    """A clean utterance of nonsense syllables, peak below 1, whose prosody follows vad.

    Arousal raises pitch, its range, rate and energy and flattens the spectral tilt; valence lifts
    the contour and (a smile shortens the tract) the formants and calms the jitter; dominance
    lowers the pitch and makes the voice fuller.
    """
    valence, arousal, dominance = vad
    samples = int(seconds * RATE)
    rate = person.rate * 2 ** (0.6 * arousal) * g.uniform(0.93, 1.07)
    count = max(int(rate * (seconds - 0.3)), 3)
    edges = 0.15 + np.cumsum(np.r_[0, g.dirichlet(np.full(count, 12.0))]) * (seconds - 0.35)
    f0 = _pitch(g, person, vad, edges, samples)
    source = _glottis(g, f0, jitter=0.004 + 0.012 * max(0.0, -valence) * (0.5 + max(arousal, 0.0)))
    breath = person.breath * (1.5 - 0.6 * dominance) * np.abs(g.normal(1, 0.2))
    source = source + breath * g.standard_normal(samples)
    tilt = np.clip(0.85 - 0.3 * arousal - 0.12 * dominance, 0.2, 0.98)
    source = signal.lfilter([1 - tilt], [1, -tilt], source)
    smile = person.tract * (1 + 0.12 * valence)
    sound = np.zeros(samples)
    for start, stop in itertools.pairwise(edges):
        sound += _syllable(g, source, start, stop, smile)
    sound /= np.abs(sound).max() + 1e-9
    return sound * np.clip(0.3 * 2 ** (1.1 * arousal + 0.3 * dominance), 0.08, 0.95)


def room(
    g: np.random.Generator, sound: Float[np.ndarray, " s"], snr: float, echo: float
) -> Int16[np.ndarray, " s"]:
    """The recording: reverberation of `echo` seconds, coloured noise at `snr` dB, int16."""
    tail = np.exp(-6.9 * np.arange(int(max(echo, 0.02) * RATE)) / (max(echo, 0.02) * RATE))
    response = tail * g.standard_normal(len(tail)) * 0.12
    response[0] = 1.0
    wet = signal.fftconvolve(sound, response)[: len(sound)]
    colour = g.uniform(0, 0.9)
    noise = signal.lfilter([1.0], [1.0, -colour], g.standard_normal(len(sound)))
    level = np.sqrt((wet**2).mean() / (noise**2).mean()) * 10 ** (-snr / 20)
    mixed = wet + level * noise
    gain = g.uniform(0.6, 1.0) / max(1.0, np.abs(mixed).max())
    return np.round(mixed * gain * 32000).astype(np.int16)


def _pitch(
    g: np.random.Generator, person: Subject, vad: np.ndarray, edges: np.ndarray, samples: int
) -> np.ndarray:
    """Fundamental frequency in Hz of every sample: accents on a declining line."""
    valence, arousal, dominance = vad
    base = person.pitch * 2 ** (0.6 * arousal - 0.3 * dominance)
    span = 0.04 + 0.2 * (arousal + 1) / 2 + 0.05 * abs(valence)
    accents = g.normal(0, span, len(edges))
    slope = -0.1 + 0.6 * valence - 0.15 * dominance
    line = slope * np.linspace(-0.5, 0.5, len(edges))
    time = np.arange(samples) / RATE
    contour = np.interp(time, edges, accents + line)
    vibrato = 0.01 * np.sin(2 * np.pi * (5 + arousal) * time)
    return base * 2 ** (contour + vibrato)


def _glottis(g: np.random.Generator, f0: np.ndarray, jitter: float) -> np.ndarray:
    """Derivative of Rosenberg's glottal pulse at a pitch that jitters from period to period."""
    phase = np.cumsum(f0) / RATE
    wobble = g.normal(1, jitter, int(phase[-1]) + 2)
    loud = g.normal(1, 3 * jitter, len(wobble))
    period = phase.astype(int)
    place = (phase - period) * wobble[period]
    opening, closing = 0.5 * np.sin(np.pi * place / 0.6), -np.sin(np.pi * (place - 0.6) / 0.25)
    pulse = np.where(place < 0.6, opening * (place < 0.6), closing * (place < 0.85))
    return pulse * loud[period]


def _syllable(
    g: np.random.Generator, source: np.ndarray, start: float, stop: float, tract: float
) -> np.ndarray:
    """One consonant and vowel in place, the rest of the clip silent."""
    out = np.zeros(len(source))
    first, last = int(start * RATE), int(stop * RATE)
    length = last - first
    if length < 400:
        return out
    vowel = VOWELS[g.integers(len(VOWELS))] * tract * g.uniform(0.96, 1.04)
    part = source[first:last]
    for frequency, width in zip(vowel, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        a = [1, -2 * radius * np.cos(2 * np.pi * frequency / RATE), radius**2]
        part = signal.lfilter([sum(a)], a, part) + 0.15 * part
    onset = int(length * g.uniform(0.12, 0.25))
    envelope = np.interp(np.arange(length), [0, onset, length * 0.7, length], [0, 1, 0.8, 0])
    consonant = g.standard_normal(onset) * np.hanning(onset) * g.uniform(0, 0.08)
    part = part * envelope
    part[:onset] += signal.lfilter([1, -0.9], [1], consonant)
    out[first:last] = part
    return out
