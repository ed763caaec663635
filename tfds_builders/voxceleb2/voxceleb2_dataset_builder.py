"""VoxCeleb2 (Chung, Nagrani & Zisserman 2018) as TFDS: talking faces to pre-train on."""

import functools
import pathlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema
from affectjax.predict import media as films
from tfds_builders import faces, media
from tfds_builders.manual import ManualBuilder, features, text

FPS = 25.0
# Rows and columns of the 224 x 224 pictures that HiCMAE keeps: eyes to chin, 160 x 160.
TOP, BOTTOM, LEFT, RIGHT = 0, 160, 32, 192
FILMS, SOUNDS = "mp4", "aac"
OWN = {"video": "the film's name at YouTube"}
_SPEAKER = re.compile(r"id(\d{5})")


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`stride`: every which frame is stored."""

    stride: int = 1


class Builder(ManualBuilder):
    """One split, train: the clips of the folder dev/. `allow_damaged` names clip_ids here.

    With `beam=N` the clips are read by Apache Beam, in N processes or on the runner it is given.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Faces and sound."}
    BUILDER_CONFIGS = [
        Config(name="clips", description="All frames at 25 Hz, and sound."),
        Config(name="stride4", description="Every fourth frame (6.25 Hz), and sound.", stride=4),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Join and unpack vox2_dev_mp4_part* and vox2_dev_aac_part* and name the folder dev/ with "
        "mp4/<speaker>/<video>/<number>.mp4 and aac/<speaker>/<video>/<number>.m4a (or .wav)."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(own=OWN)
        return self.described(
            {**features("frames fps audio subject clip_id", said), "video": text()},
            said,
            description="VoxCeleb2, dev: 1,092,009 utterances of 5,994 speakers.",
            homepage="https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, (FILMS, SOUNDS))
        found = clips(root)
        faults = {p: fault(root, p) for p in found}
        names = functools.partial(name_of, root)
        media.refuse_damaged(faults, self._allowed, names)
        kept = [path for path in found if names(path) not in self._allowed]
        return {"train": self._generate_examples(root, kept)}

    def _generate_examples(self, root: pathlib.Path, found: Sequence[pathlib.Path]) -> Any:
        make = functools.partial(example, str(root), self.builder_config.stride)
        return self.spread([str(path) for path in found], make)


def clips(root: pathlib.Path) -> list[pathlib.Path]:
    """The films mp4/id00012/<video>/<number>.mp4, in order of name.

    Raises:
      ValueError: none, or a folder that is no speaker.
    """
    found = sorted((root / FILMS).glob("*/*/*.mp4"))
    odd = sorted({p.parts[-3] for p in found if not _SPEAKER.fullmatch(p.parts[-3])})
    if odd or not found:
        raise ValueError(f"{root / FILMS}: {odd[:3] or 'no *.mp4'}, expected id00012/<video>/*.mp4")
    return found


def name_of(root: pathlib.Path, path: pathlib.Path) -> str:
    """clip_id of a film: "id00012/<video>/00001"."""
    return path.relative_to(root / FILMS).with_suffix("").as_posix()


def sound_of(root: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """The sound of a film: .wav where somebody converted it, else .m4a."""
    place = root / SOUNDS / name_of(root, path)
    wav = place.with_name(f"{place.name}.wav")
    return wav if wav.is_file() else place.with_name(f"{place.name}.m4a")


def fault(root: pathlib.Path, path: pathlib.Path) -> str:
    """What is wrong with a clip by the heads of its two files, in words; empty if nothing is."""
    return media.film_fault(path, video=True) or media.film_fault(sound_of(root, path), sound=True)


def example(root: str, stride: int, clip: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of one clip; a function of its arguments alone, so that Beam can send it.

    Raises:
      ValueError: a film or sound that breaks off, or no frame; names the file.
    """
    folder, path = pathlib.Path(root), pathlib.Path(clip)
    pictures = [
        faces.jpeg(np.ascontiguousarray(picture[TOP:BOTTOM, LEFT:RIGHT]))
        for i, (_, picture) in enumerate(films.frames(path, FPS))
        if i % stride == 0
    ]
    if not pictures:
        raise ValueError(f"{path} holds no frame")
    name = name_of(folder, path)
    found = _SPEAKER.fullmatch(path.parts[-3])
    yield (
        name,
        {
            "frames": np.array(pictures, object),
            "fps": np.float32(FPS / stride),
            "audio": media.film_sound(sound_of(folder, path)),
            "subject": int(found[1]) if found else 0,
            "video": path.parts[-2].encode(),
            "clip_id": name.encode(),
        },
    )


def make_dummy(folder: pathlib.Path) -> None:
    """Write two clips of two speakers: films of 224 x 224, one sound .m4a, the others .wav."""
    import soundfile

    for speaker in (12, 345):
        for number in (1, 2):
            place = f"id{speaker:05}/v_{speaker}/{number:05}"
            media.draw_film(
                folder / FILMS / f"{place}.mp4", number, codec="mpeg4", frames=6, size=(224, 224)
            )
            sound = folder / SOUNDS / place
            sound.parent.mkdir(parents=True, exist_ok=True)
            if (speaker, number) == (12, 1):
                media.draw_sound(sound.with_name(f"{number:05}.m4a"))
            else:
                tone = np.sin(np.arange(4000) / 8) / 4
                soundfile.write(sound.with_name(f"{number:05}.wav"), tone, media.RATE)
