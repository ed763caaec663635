"""What builders of official files share: where the files are, features by key, the metadata."""

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema


class ManualBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder of files that the user puts into a manual directory."""

    def __init__(
        self, *args: Any, manual_dir: str = "", allow_damaged: Sequence[str] = (), **kwargs: Any
    ) -> None:
        self._manual_dir, self._allowed = manual_dir, frozenset(allow_damaged)
        super().__init__(*args, **kwargs)

    def root(self, dl_manager: Any, required: Iterable[str] = ()) -> pathlib.Path:
        """The manual directory, once all `required` files and folders are in it.

        Raises:
          FileNotFoundError: the folder or something in it is absent; lists what and how to get it.
        """
        root = pathlib.Path(self._manual_dir or dl_manager.manual_dir)
        if not root.is_dir():
            raise FileNotFoundError(f"no folder {root}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}")
        absent = [name for name in required if not (root / name).exists()]
        if absent:
            raise FileNotFoundError(
                f"{root} lacks {', '.join(absent)}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        return root

    def described(
        self, features: Mapping[str, Any], said: Mapping[str, Any], description: str, homepage: str
    ) -> tfds.core.DatasetInfo:
        """The info of a config: features (see `features`), metadata of `schema.metadata`."""
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(dict(features)),
            metadata=tfds.core.MetadataDict(said),
            description=description,
            homepage=homepage,
        )


def features(keys: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Features of the schema's keys, named with spaces between them.

    Kinds and shapes are those of `affectjax/data/schema.py`; categories are those of `said`.

    Raises:
      ValueError: a key that the schema lacks.
    """
    return {key: _feature(key, said) for key in keys.split()}


def text() -> tfds.features.Tensor:
    """The feature of a key of the dataset's own that holds UTF-8 text."""
    return tfds.features.Tensor(shape=(), dtype=np.object_)


def _feature(key: str, said: Mapping[str, Any]) -> Any:
    found = schema.field(key)
    if found is None:
        raise ValueError(f"key {key!r} is not in affectjax/data/schema.py")
    names = said["names"].get(key, ())
    if key == "emotion":
        return tfds.features.ClassLabel(names=names)
    sizes = {"k": len(names), "a": len(names)}
    shape = tuple(
        int(letter) if letter.isdigit() else sizes.get(letter) for letter in found.shape.split()
    )
    if found.kind in (schema.PICTURE, schema.TEXT):
        return tfds.features.Tensor(shape=shape, dtype=np.object_)
    # TFDS cannot tell a shape with two open sizes without it; sound is smaller by it, too.
    packed = key == "audio" or shape.count(None) > 1
    return tfds.features.Tensor(
        shape=shape, dtype=np.dtype(found.kind), encoding="bytes" if packed else "none"
    )
