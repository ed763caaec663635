"""EMOTIC (Kosti et al. 2017, 2019) as TFDS: people in scenes, 26 categories at once, and VAD."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import EMOTIC26
from affectjax.data import schema
from tfds_builders import media, pictures
from tfds_builders.emotic import annotations
from tfds_builders.emotic.annotations import Person, make_dummy
from tfds_builders.manual import ManualBuilder, features, text

__all__ = ["Builder", "Config", "make_dummy"]

SPLITS = {"train": "train", "validation": "val", "test": "test"}
OWN = {"raters": "people who chose categories: one in train, several in validation and test"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`demographics`: also store gender and age group; off by default."""

    demographics: bool = False


class Builder(ManualBuilder):
    """The published splits; an example is a person, so a scene of three people is three."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Scenes, boxes, categories, VAD, votes."}
    BUILDER_CONFIGS = [
        Config(name="people", description="People, what they feel, and where they are."),
        Config(name="people_demographics", description="Also gender and age.", demographics=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for EMOTIC at s3.sunai.uoc.edu/emotic and unpack it: Annotations/Annotations.mat and "
        "emotic/{mscoco,framesdb,emodb_small,ade20k}/."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        keys = ("multilabel", "votes")
        said = schema.metadata(
            names=dict.fromkeys(keys, EMOTIC26.names), scale=vad.EMOTIC10, own=OWN
        )
        stored = features("image box multilabel votes vad clip_id", said)
        stored |= {"raters": np.int64}
        if self.builder_config.demographics:
            stored |= {"gender": text(), "age": text()}
        return self.described(
            stored,
            said,
            description="EMOTIC: about 34,000 people in scenes, 26 categories and VAD.",
            homepage="https://s3.sunai.uoc.edu/emotic",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, ["Annotations/Annotations.mat", "emotic"])
        people = annotations.read(root / "Annotations/Annotations.mat", (*SPLITS.values(),))
        scenes = {p.scene for found in people.values() for p in found}
        faults = {root / "emotic" / s: pictures.fault(root / "emotic" / s) for s in sorted(scenes)}
        media.refuse_damaged(faults, self._allowed)
        return {
            split: self._generate_examples(root, people[told]) for split, told in SPLITS.items()
        }

    def _generate_examples(
        self, root: pathlib.Path, people: Sequence[Person]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for person in people:
            path = root / "emotic" / person.scene
            if path.stem in self._allowed:
                continue
            name = f"{person.scene}#{person.number}"
            example = {
                "image": pictures.read(path),
                "box": person.box,
                "multilabel": person.categories,
                "votes": person.votes,
                "raters": person.raters,
                "vad": person.vad,
                "clip_id": name.encode(),
            }
            if self.builder_config.demographics:
                example |= {"gender": person.gender.encode(), "age": person.age.encode()}
            yield name, example
