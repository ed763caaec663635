"""Finding and checking the official files; making dummies of them."""

import pathlib

import numpy as np
import soundfile

from tfds_builders.media import RATE, draw_film, sound_fault
from tfds_builders.ravdess.names import parse


def actor_folders(root: pathlib.Path, actor: int) -> list[pathlib.Path]:
    """Folders with an actor's sound, in the unpacked archive or beside each other."""
    name = f"Actor_{actor:02}"
    candidates = [root / name, root / "Audio_Speech_Actors_01-24" / name]
    return [folder for folder in candidates if folder.is_dir() and any(_sounds(folder))]


def files(root: pathlib.Path, actor: int) -> list[pathlib.Path]:
    """The actor's wav files in order of name, misnamed ones too; songs (03-02) are left out.

    Raises:
      ValueError: the same clip lies in two folders.
    """
    found = [p for folder in actor_folders(root, actor) for p in _sounds(folder)]
    names = [p.name for p in found]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{twice} are both in {root} and in its unpacked archive; remove one copy")
    return sorted(found, key=lambda p: p.name)


def _sounds(folder: pathlib.Path) -> list[pathlib.Path]:
    waves = (p for p in folder.iterdir() if p.suffix.lower() == ".wav")
    return [p for p in waves if not p.name.startswith("03-02-")]


def fault(path: pathlib.Path) -> str:
    """What is wrong with a sound file or its name, in words; empty where nothing is."""
    try:
        name = parse(path.name)
    except ValueError as error:
        return str(error)
    if f"Actor_{name.actor:02}" != path.parent.name:
        return f"names actor {name.actor}, lies in {path.parent.name}"
    if (name.modality, name.channel) != (3, 1):
        return f"names modality {name.modality}, channel {name.channel}; spoken sound is 3, 1"
    return sound_fault(path)


def video_of(root: pathlib.Path, audio: pathlib.Path) -> pathlib.Path:
    """The video-only or audio-video file of a sound file's clip.

    Raises:
      FileNotFoundError: there is neither; names where it was looked for.
    """
    rest, actor = audio.stem[2:], audio.parent.name
    archive = f"Video_Speech_{actor}"
    names = (f"02{rest}.mp4", f"01{rest}.mp4")
    places = [folder / name for folder in (root / actor, root / archive / actor) for name in names]
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"no video of {audio.name}: looked for {', '.join(map(str, places))}")


def make_dummy(folder: pathlib.Path, actors: range = range(1, 3), video: bool = False) -> None:
    """Write half-second clips in the official layout: every emotion, both statements."""
    rng = np.random.default_rng(0)
    for actor in actors:
        place = folder / f"Actor_{actor:02}"
        place.mkdir(parents=True, exist_ok=True)
        for emotion in range(1, 9):
            for statement in (1, 2):
                rest = f"-01-{emotion:02}-01-{statement:02}-01-{actor:02}"
                tone = np.sin(np.arange(RATE // 2) * (0.05 + 0.01 * emotion))
                sound = 0.3 * tone + 0.01 * rng.standard_normal(RATE // 2)
                soundfile.write(place / f"03{rest}.wav", sound, RATE)
                if video:
                    draw_film(place / f"02{rest}.mp4", emotion)
