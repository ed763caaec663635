"""affect_synth: drawn faces and synthetic voices that show affect; made at build time."""

import concurrent.futures
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders.affect_synth import clip, people
from tfds_builders.manual import features


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """How many people (each in one split only), clips of each, and the size of a clip.

    `workers` processes make the clips; their number changes no byte.
    """

    seed: int = 0
    subjects: tuple[int, int, int] = (60, 10, 20)
    clips: int = 28
    frames: int = 16
    side: int = 64
    workers: int = 0


class Builder(tfds.core.GeneratorBasedBuilder):
    """Splits train, validation and test share no subject; classes are balanced."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    BUILDER_CONFIGS = [
        Config(name="default", description="90 people, 2,520 clips of 2.56 s at 64 x 64."),
        Config(
            name="test",
            description="Nine people, 63 clips, for tests.",
            subjects=(4, 2, 3),
            clips=7,
            frames=4,
            side=32,
            workers=1,
        ),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(
            names={
                "emotion": people.CATEGORIES,
                "votes": people.CATEGORIES,
                "action_units": [f"AU{unit}" for unit in people.ACTION_UNITS],
            },
            scale=vad.UNIT,
        )
        keys = "frames fps audio emotion vad action_units votes subject clip_id"
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features(keys, said)),
            metadata=tfds.core.MetadataDict(said),
            description="Procedural audio-visual affect: categories, VAD, action units, votes.",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        del dl_manager
        edges = np.cumsum([0, *self.builder_config.subjects])
        names = ("train", "validation", "test")
        return {
            name: self._generate_examples(range(edges[i], edges[i + 1]))
            for i, name in enumerate(names)
        }

    def _generate_examples(self, subjects: range) -> Iterator[tuple[str, dict[str, Any]]]:
        c = self.builder_config
        jobs = [
            clip.Job(c.seed, int(subject), number, c.frames, c.side)
            for subject in subjects
            for number in range(c.clips)
        ]
        for example in _make_all(jobs, c.workers or os.cpu_count() or 1):
            yield example["clip_id"].decode(), example


def _make_all(jobs: Sequence[clip.Job], workers: int) -> Iterator[dict[str, Any]]:
    """Examples in the order of the jobs, made by this process or by several."""
    if workers == 1:
        yield from map(clip.make, jobs)
        return
    # spawn: a fork of a process that runs JAX or TensorFlow threads may hang.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(clip.make, jobs, chunksize=16)
