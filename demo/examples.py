"""Films to try, of drawn people: made when the page starts, so nobody's face is shipped."""

import pathlib
from dataclasses import dataclass

import numpy as np

from tfds_builders.affect_synth import film


@dataclass(frozen=True)
class Example:
    """A file, and what its button says."""

    path: pathlib.Path
    title: str


def make(folder: pathlib.Path) -> list[Example]:
    """A film with sound, the sound of another, and a film without: each asks another run."""
    folder.mkdir(parents=True, exist_ok=True)
    shown, heard = film.film(subject=70)
    both = film.write(folder / "drawn person.mp4", shown, np.arange(len(shown)) / film.FPS, heard)
    other, voice = film.film(subject=71, clips=(1, 2, 6))
    sound = film.write(folder / "voice.wav", sound=voice)
    times = np.arange(len(other)) / film.FPS
    mute = film.write(folder / "silent film.mp4", other, times)
    return [
        Example(both, "A film with sound"),
        Example(sound, "A voice alone"),
        Example(mute, "A film without sound"),
    ]
