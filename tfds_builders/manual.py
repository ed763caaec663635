"""What builders of official files share: where the files are, features by key, the metadata."""

import functools
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema, source
from tfds_builders import left_out, parts


class ManualBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder of files that the user puts into a manual directory.

    SPREADS: it hands its items to `spread`, so that Apache Beam can read them, and a build that was
      killed goes on from the last part of PART items that was read whole.
    beam: 0, or the number of processes of this machine that Beam reads them with.
    """

    SPREADS = False
    PART = 1000

    def __init__(
        self,
        *args: Any,
        manual_dir: str = "",
        allow_damaged: Sequence[str] = (),
        beam: int = 0,
        **kwargs: Any,
    ) -> None:
        if beam and not self.SPREADS:
            raise ValueError(f"beam={beam}: the builder {self.__module__} does not read by Beam")
        self._manual_dir, self._allowed = manual_dir, frozenset(allow_damaged)
        self.beam = beam
        super().__init__(*args, **kwargs)
        self._parts_folder = _parts_beside(self.data_path)

    def download_and_prepare(self, *, download_config: Any = None, **kwargs: Any) -> None:
        """As TFDS does; with `beam` and no other wish by Beam's DirectRunner on this machine.

        What was left out, and why, is kept beside the data (`left_out.FILE`).

        Raises:
          ValueError: files whose names are not UTF-8; nothing was built.
        """
        if self._manual_dir:
            source.files_below(pathlib.Path(self._manual_dir))
        if self.beam and download_config is None:
            download_config = tfds.download.DownloadConfig(
                beam_runner="DirectRunner", beam_options=_beam_options(self.beam)
            )
        self._parts_folder = _parts_beside(self.data_path)  # while TFDS builds, it is another
        with left_out.recorded() as told:
            super().download_and_prepare(download_config=download_config, **kwargs)
        if not (self.data_path / left_out.FILE).exists():
            left_out.write(pathlib.Path(self.data_path), told)
        shutil.rmtree(self._parts_folder, ignore_errors=True)

    def spread(
        self, items: Sequence[Any], make: Callable[[Any], Iterator[tuple[str, dict[str, Any]]]]
    ) -> Any:
        """The examples that `make` yields for each item: one after another, or by Apache Beam.

        More than PART items are read in parts that outlive the build (`parts.kept`).

        Args:
          make: a function of the item alone, which Beam can send to another process (a function of
            a module, or `functools.partial` of one).

        Raises:
          ImportError: `beam` without the package apache-beam; says how to get it.
        """
        if len(items) > self.PART:
            make = functools.partial(parts.kept, str(self._parts_folder), make)
            items = parts.cut(items, self.PART)
        if not self.beam:
            return (example for item in items for example in make(item))
        apache_beam = _apache_beam()
        return apache_beam.Create(items) | apache_beam.FlatMap(make)

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


def _parts_beside(data_path: Any) -> pathlib.Path:
    """Where parts of a build are kept until all of it is there."""
    path = pathlib.Path(data_path)
    return path.parent / f".{path.name}.parts"


def _apache_beam() -> Any:
    try:
        import apache_beam
    except ImportError as error:
        raise ImportError(
            "beam needs the package apache-beam: install affectjax with the extra beam"
        ) from error
    return apache_beam


def _beam_options(processes: int) -> Any:
    _apache_beam()
    from apache_beam.options import pipeline_options

    mode = "in_memory" if processes == 1 else "multi_processing"
    # Without flags it would read this program's own arguments.
    return pipeline_options.PipelineOptions(
        flags=[], direct_num_workers=processes, direct_running_mode=mode
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
