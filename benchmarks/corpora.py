"""Datasets: how fast a builder reads the official files, and a pass over what it stored.

The peer reads the same official files in every pass, as a PyTorch loader without a build does: a
DataLoader of two processes over WAV files at 48 kHz (decoded, and resampled by soxr) or over JPEGs
in class folders. Transforms are ours on both sides, so that only reading differs.
"""

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import soundfile

from affectjax.data import pipeline, source
from affectjax.data.ops import picture, waveform
from tfds_builders import media
from tfds_builders.fi import fi_dataset_builder as fi
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess

ACTORS, PICTURES, BATCH, WORKERS, SAMPLES, SIDE = (1, 2), 480, 24, 2, 40_960, 224
Run = Callable[[], float]
Read = Callable[[pathlib.Path], dict[str, Any]]
SOUND_OPS = (waveform.AudioWindow(samples=SAMPLES, random=True),)
PICTURE_OPS = (picture.On("image", (picture.Square(side=SIDE),)),)


def make_sounds(folder: pathlib.Path) -> list[pathlib.Path]:
    """RAVDESS's layout: 60 WAVs an actor, 3.5 s at 48 kHz, of noise."""
    rng, made = np.random.default_rng(0), []
    for actor in ACTORS:
        for name in ravdess.expected(actor):
            path = folder / f"Actor_{actor:02}" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, rng.normal(0, 0.1, 168_000), 48_000)
            made.append(path)
    return made


def make_pictures(folder: pathlib.Path) -> list[pathlib.Path]:
    """FI's layout: class folders of JPEGs, 400 x 300."""
    rng, made = np.random.default_rng(0), []
    for i in range(PICTURES):
        name = fi.EMOTIONS[i % len(fi.EMOTIONS)]
        path = folder / name / f"{i:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = rng.integers(0, 256, (30, 40, 3), np.uint8)
        cv2.imwrite(str(path), cv2.resize(small, (400, 300)))
        made.append(path)
    return made


def built(module: Any, config: str, raw: pathlib.Path, cache: pathlib.Path) -> tuple[Any, float]:
    """All stored examples, and the seconds that the build took."""
    builder = source.open_builder(module.__name__, config, manual_dir=str(raw), data_dir=str(cache))
    then = time.perf_counter()
    source.prepare(builder)
    seconds = time.perf_counter() - then
    return source.split(builder, "+".join(builder.info.splits)), seconds


def ours(examples: Any, ops: Any) -> Run:
    """Rows of one pass over the stored examples by `affectjax.data.pipeline`."""
    steps = len(examples) // BATCH

    def run() -> float:
        batches = pipeline.train_batches(examples, ops, seed=0, batch=BATCH, stop=steps)
        return sum(len(b["clip_id"]) for b in batches)

    return run


def peer(paths: list[pathlib.Path], read: Read, ops: Any) -> Run:
    """The same by a DataLoader over the official files, whose processes live from pass to pass."""
    import torch

    class Files(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> dict[str, Any]:
            element = {**read(paths[index]), "clip_id": paths[index].stem}
            return pipeline.finish(pipeline.apply(ops, element, np.random.default_rng(index)))

    loader = torch.utils.data.DataLoader(
        Files(), BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True, drop_last=True
    )
    return lambda: sum(len(b["clip_id"]) for b in loader)


def sound_of(path: pathlib.Path) -> dict[str, Any]:
    """What a loader reads of a WAV: decoded, mono, 16 kHz."""
    return {"audio": media.read_audio(path)}


def picture_of(path: pathlib.Path) -> dict[str, Any]:
    """What a loader reads of a JPEG file: its bytes, which the transform decodes."""
    return {"image": path.read_bytes()}


def rows(folder: pathlib.Path) -> Iterator[tuple[str, str, dict[str, Run]]]:
    """Name, what the build did, and the passes to compare, of sound and of pictures."""
    for name, make, module, config, read, ops in (
        ("sounds", make_sounds, ravdess, "speech", sound_of, SOUND_OPS),
        ("pictures", make_pictures, fi, "", picture_of, PICTURE_OPS),
    ):
        paths = make(folder / name)
        examples, seconds = built(module, config, folder / name, folder / "cache")
        size = sum(path.stat().st_size for path in paths) / 2**20
        told = (
            f"build: {len(paths)} files of {size:.0f} MiB in {seconds:.1f} s, "
            f"{len(paths) / seconds:.0f} files/s, {size / seconds:.1f} MiB/s"
        )
        passes = {"affectjax": ours(examples, ops), "DataLoader, files": peer(paths, read, ops)}
        yield f"pass over {len(paths)} {name}", told, passes
