"""The input pipeline: training clips a second, ours and a PyTorch DataLoader's over the same films.

Ours reads what the builders of this codebase make of films: JPEG pictures and 16-bit sound in an
array_record, made once. The peers are the film files themselves, and the same records, so that the
two causes of the difference stand apart.
"""

import pathlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import av
import cv2
import numpy as np
from array_record.python import array_record_data_source, array_record_module

from affectjax.data import pipeline
from affectjax.data.ops import image, video
from tfds_builders.affect_synth import film

FILMS, BATCH, SIDE, COUNT, STRIDE, WORKERS = 16, 8, 160, 16, 4, 2
OPS = (
    video.SampleClip(count=COUNT, stride=STRIDE, samples=40_960),
    image.RandomResizedCrop(side=SIDE),
    image.Flip(),
)


def make_films(folder: pathlib.Path) -> list[pathlib.Path]:
    """Sixteen films of 3 s, 75 pictures of 320 x 240, with sound."""
    rng = np.random.default_rng(0)
    pictures, sound = film.film(clips=(0, 1))
    still = np.arange(75) % len(pictures)
    made = []
    for i in range(FILMS):
        noise = rng.integers(0, 12, (75, 30, 40, 3), np.uint8)
        shown = np.clip(
            pictures[still].astype(np.int16) + noise.repeat(8, 1).repeat(8, 2), 0, 255
        ).astype(np.uint8)
        path = folder / f"{i}.mp4"
        made.append(film.write(path, shown, np.arange(75) / 25, sound[: 3 * 16_000]))
    return made


def make_records(films: list[pathlib.Path], path: pathlib.Path) -> pathlib.Path:
    """What a builder stores of them: every picture as JPEG, the sound as int16."""
    writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
    for name in films:
        frames, sound = read_film(name)
        coded = [cv2.imencode(".jpg", f[..., ::-1])[1].tobytes() for f in frames]
        element = {
            "frames": coded,
            "audio": np.clip(sound * 32768, -32768, 32767).astype(np.int16),
            "clip_id": name.stem,
        }
        writer.write(pickle.dumps(element))
    writer.close()
    return path


def read_film(path: pathlib.Path) -> tuple[list[np.ndarray], np.ndarray]:
    """All pictures as RGB and the sound at 16 kHz, as a loader without an index must."""
    resampler, frames, pieces = av.AudioResampler("fltp", "mono", 16_000), [], []
    with av.open(str(path)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames.append(frame.to_ndarray(format="rgb24"))
            else:
                pieces += [f.to_ndarray()[0] for f in resampler.resample(frame)]
    return frames, np.concatenate(pieces)


class Records:
    """Random access to the pickled elements of an array_record."""

    def __init__(self, path: pathlib.Path) -> None:
        self._source = array_record_data_source.ArrayRecordDataSource([str(path)])

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return pickle.loads(self._source[index])


def ours(records: pathlib.Path) -> Callable[[], float]:
    """Clips of one pass over the records by `affectjax.data.pipeline`."""
    source, steps = Records(records), FILMS // BATCH

    def run() -> float:
        batches = pipeline.train_batches(source, OPS, seed=0, batch=BATCH, stop=steps)
        return sum(len(b["frames"]) for b in batches)

    return run


def peer(elements: Any) -> Callable[[], float]:
    """The same pass by a DataLoader of two worker processes, which live from pass to pass."""
    import torch

    class Clips(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(elements)

        def __getitem__(self, index: int) -> dict[str, Any]:
            return transformed(elements[index], np.random.default_rng(index))

    loader = torch.utils.data.DataLoader(
        Clips(), BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True
    )
    return lambda: sum(len(b["frames"]) for b in loader)


def transformed(element: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Our own transforms on an element of either kind, so that only reading differs."""
    if isinstance(element["frames"][0], bytes):
        return pipeline.finish(pipeline.apply(OPS, element, rng))
    index = video.window_indices(len(element["frames"]), COUNT, STRIDE, rng)
    chosen = np.stack([element["frames"][i] for i in index])
    span = video.audio_span(index, len(element["frames"]), COUNT * STRIDE, len(element["audio"]))
    padded = video.pad_audio(element["audio"][span], 40_960)
    return pipeline.finish(pipeline.apply(OPS[1:], {**element, "frames": chosen, **padded}, rng))


class Films:
    """Random access to films, decoded whole."""

    def __init__(self, paths: list[pathlib.Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        frames, sound = read_film(self._paths[index])
        return {"frames": frames, "audio": sound, "clip_id": self._paths[index].stem}


def runs(folder: pathlib.Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """Ours and the two peers."""
    films = make_films(folder)
    records = make_records(films, folder / "clips.array_record")
    yield "affectjax", ours(records)
    yield "DataLoader, films", peer(Films(films))
    yield "DataLoader, records", peer(Records(records))
