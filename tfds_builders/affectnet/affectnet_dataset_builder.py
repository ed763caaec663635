"""AffectNet (Mollahosseini et al. 2017) as TFDS: faces with emotion, valence and arousal."""

import functools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import AFFECTNET8
from affectjax.data import schema
from tfds_builders import media, pictures
from tfds_builders.manual import ManualBuilder, features

SPLITS = {"train": "train_set", "validation": "val_set"}
KINDS = ("exp", "val", "aro", "lnd")
LANDMARKS = 68


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`classes`: 8, or 7, which leaves the faces with contempt out."""

    classes: int = 8


class Builder(ManualBuilder):
    """The published splits train and validation; the test labels are not public."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Faces and their four annotations."}
    BUILDER_CONFIGS = [
        Config(name="eight", description="Eight emotions."),
        Config(name="seven", description="Without contempt.", classes=7),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for AffectNet at mohammadmahoor.com/affectnet and unpack train_set/ and val_set/, "
        "each with images/<id>.jpg and annotations/<id>_{exp,val,aro,lnd}.npy."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(
            names={"emotion": AFFECTNET8.names[: self.builder_config.classes]},
            scale=vad.UNIT,
            rated=("valence", "arousal"),
        )
        return self.described(
            features("face emotion vad landmarks clip_id", said),
            said,
            description="AffectNet: about 290,000 faces labelled by hand, one rater each.",
            homepage="http://mohammadmahoor.com/affectnet/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        needed = [f"{s}/{part}" for s in SPLITS.values() for part in ("images", "annotations")]
        root = self.root(dl_manager, needed)
        found = {split: faces(root / folder) for split, folder in SPLITS.items()}
        faults = {path: fault(path) for paths in found.values() for path in paths}
        media.refuse_damaged(faults, self._allowed)
        return {
            split: self._generate_examples([p for p in paths if p.stem not in self._allowed])
            for split, paths in found.items()
        }

    def _generate_examples(self, paths: Sequence[pathlib.Path]) -> Any:
        return self.spread(paths, functools.partial(example, self.builder_config.classes))


def example(classes: int, path: pathlib.Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of a picture; none of contempt, where the protocol has seven classes."""
    told = annotations(path)
    if told["emotion"] < classes:
        # Identities are numbers of their own in each set.
        name = f"{path.parent.parent.name}/{path.stem}"
        yield name, {"face": pictures.read(path), **told, "clip_id": name.encode()}


def faces(folder: pathlib.Path) -> list[pathlib.Path]:
    """The pictures of a set, in order of their numbers.

    Raises:
      ValueError: no picture, or one whose name is no number.
    """
    paths = [p for p in (folder / "images").iterdir() if p.suffix == ".jpg"]
    odd = sorted(p.name for p in paths if not p.stem.isdigit())
    if odd or not paths:
        raise ValueError(f"{folder / 'images'} holds {odd[:5] or 'no .jpg'}; expected <number>.jpg")
    return sorted(paths, key=lambda p: int(p.stem))


def annotation(image: pathlib.Path, kind: str) -> pathlib.Path:
    """Where one of KINDS of a picture lies."""
    return image.parent.parent / "annotations" / f"{image.stem}_{kind}.npy"


def annotations(image: pathlib.Path) -> dict[str, Any]:
    """emotion, vad and landmarks of a picture.

    The files hold numbers, some releases the same as text; landmarks are in pixels.

    Raises:
      ValueError: an absent file, or a value outside its range; names the file.
    """
    values = {}
    for kind in KINDS:
        path = annotation(image, kind)
        try:
            values[kind] = np.load(path, allow_pickle=False).astype(np.float64).ravel()
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"{path} is absent or damaged: {error}") from error
    for kind, low, high in (("exp", 0, 7), ("val", -1, 1), ("aro", -1, 1)):
        if values[kind].size != 1 or not low <= values[kind][0] <= high:
            raise ValueError(
                f"{annotation(image, kind)} holds {values[kind]}, not a number of {low} to {high} "
                "(-2 and 8 to 10 are of the older release of a million faces, another layout)"
            )
    if values["lnd"].size != 2 * LANDMARKS:
        raise ValueError(f"{annotation(image, 'lnd')} holds {values['lnd'].size} numbers, not 136")
    points = values["lnd"].reshape(LANDMARKS, 2) / pictures.size(image)
    return {
        "emotion": int(values["exp"][0]),
        "vad": np.array([values["val"][0], values["aro"][0], np.nan], np.float32),
        "landmarks": points.astype(np.float32),
    }


def fault(image: pathlib.Path) -> str:
    """What is wrong with a picture or its annotations, in words; empty where nothing is."""
    if problem := pictures.fault(image):
        return problem
    try:
        annotations(image)
    except ValueError as error:
        return str(error)
    return ""


def make_dummy(folder: pathlib.Path) -> None:
    """Write 16 small faces of the train set and 8 of the validation set, with annotations."""
    for name, count in (("train_set", 16), ("val_set", 8)):
        (folder / name / "annotations").mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image = folder / name / "images" / f"{i * 7}.jpg"
            pictures.draw(image, i)
            # The official files hold text for the first three.
            np.save(annotation(image, "exp"), np.array(str(i % 8)))
            np.save(annotation(image, "val"), np.array(f"{i / 8 - 1:.3f}"))
            np.save(annotation(image, "aro"), np.array(f"{1 - i / 8:.3f}"))
            np.save(annotation(image, "lnd"), np.linspace(1, 15, 2 * LANDMARKS))
