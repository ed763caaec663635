"""Builders on dummy or real files, and what they yield without writing it (that costs seconds)."""

import importlib
import inspect
import pathlib
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import source


def module(name: str) -> Any:
    return importlib.import_module(f"tfds_builders.{name}.{name}_dataset_builder")


def dummy(name: str, folder: pathlib.Path) -> pathlib.Path:
    """The folder with a builder's dummy files in it, films too where it can draw them."""
    if not folder.exists():
        make = module(name).make_dummy
        films = "video" in inspect.signature(make).parameters
        make(folder, **({"video": True} if films else {}))
    return folder


def builder(name: str, raw: pathlib.Path, tmp_path: pathlib.Path, config="", **options) -> Any:
    data_dir = str(tmp_path / "tfds")
    path = module(name).__name__
    options = {**getattr(module(name), "DUMMY_OPTIONS", {}), **options}
    return source.open_builder(path, config, manual_dir=str(raw), data_dir=data_dir, **options)


def examples(opened: Any) -> dict[str, list[dict[str, Any]]]:
    """What reading each split would give back, straight from the builder's generators."""
    kinds = opened.info.features
    return {
        split: [{k: _as_stored(kinds[k], v) for k, v in example.items()} for _, example in found]
        for split, found in opened._split_generators(None).items()
    }


def _as_stored(feature, value):
    if isinstance(feature, tfds.features.ClassLabel):
        return np.int64(feature.str2int(value) if isinstance(value, str) else value)
    if feature.np_dtype == np.object_:
        return value
    return np.asarray(value, feature.np_dtype)
