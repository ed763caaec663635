"""Random access to the examples of a TFDS builder, still encoded, without TensorFlow on reading."""

import fcntl
import hashlib
import importlib
import os
import pathlib
import shutil
import time
from collections.abc import Sequence
from typing import Any

CACHE = "AFFECTJAX_TFDS"
RAW = "AFFECTJAX_DATA"


def open_builder(
    builder: str, config: str = "", manual_dir: str = "", data_dir: str = "", **options: Any
) -> Any:
    """The TFDS builder object of a module such as "tfds_builders.ravdess.ravdess_dataset_builder".

    Args:
      config: name of the builder's config; its default where empty.
      manual_dir: folder of the official files, for data that one must ask for.
      data_dir: where prepared data is kept; $AFFECTJAX_TFDS or ~/.cache/affectjax by default.
      options: the builder's own, such as allow_damaged; data made with others is kept apart, but
        for `beam`, which says how it is made and not what.
    """
    try:
        module = importlib.import_module(builder)
    except ImportError as error:
        raise TypeError(f"config.data.builder: cannot import {builder!r}: {error}") from error
    folder = data_dir or os.environ.get(CACHE) or pathlib.Path.home() / ".cache" / "affectjax"
    if manual_dir and not data_dir:
        # Data prepared from other official files (another folder, more subjects) is other data.
        folder = pathlib.Path(folder) / f"manual-{fingerprint(manual_dir)}"
    if of_content := {key: value for key, value in options.items() if key != "beam"}:
        made_with = repr([(k, _said(v)) for k, v in sorted(of_content.items())]).encode()
        digest = hashlib.blake2b(made_with, digest_size=4).hexdigest()
        folder = pathlib.Path(folder) / f"options-{digest}"
    kwargs: dict[str, Any] = {**options, **({"config": config} if config else {})}
    if manual_dir:
        kwargs["manual_dir"] = manual_dir
    return module.Builder(data_dir=str(folder), file_format="array_record", **kwargs)


def _said(option: Any) -> Any:
    """An option as it is named, the same in every process: a function by module and name."""
    name = getattr(option, "__qualname__", None)
    return f"{option.__module__}:{name}" if name else option


def fingerprint(folder: str | os.PathLike[str]) -> str:
    """Eight hex digits of the names and sizes of all files below a folder.

    Raises:
      FileNotFoundError: the folder does not exist.
      ValueError: a file whose name is not UTF-8.
    """
    root = pathlib.Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(
            f"no folder {root}: put the official files there, or set {RAW} to the folder that "
            "holds it, or config.data.manual_dir to the place itself"
        )
    digest = hashlib.blake2b(digest_size=4)
    for path in files_below(root):
        digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def files_below(root: pathlib.Path) -> list[pathlib.Path]:
    """All files below a folder, in order of name.

    Raises:
      ValueError: names that are not UTF-8, which cannot be stored; lists them.
    """
    found = sorted(p for p in root.rglob("*") if p.is_file())
    odd = [os.fsencode(p) for p in found if not _is_utf8(str(p))]
    if odd:
        raise ValueError(
            f"{len(odd)} names below {root} are not UTF-8, such as {odd[0]!r}: unpack the official "
            "archive again with a program that keeps names (or convert them, for example by convmv)"
        )
    return found


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # what the file system gave was kept as surrogates
        return False
    return True


def prepare(builder: Any) -> Any:
    """Build the data of a builder where it is not there yet; one process at a time.

    Writing needs TensorFlow, so it is imported here and only then.
    """
    folder = pathlib.Path(builder.data_path)
    if not _prepared(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits here and finds it done
            if not _prepared(folder):
                for left in folder.parent.glob(f"incomplete.*_{folder.name}"):
                    shutil.rmtree(left)  # by a build that was killed; the lock says it is dead
                _build(builder, folder)
    if not builder.info.splits:  # another process built it after this builder was opened
        builder.info.read_from_directory(str(folder))
    return builder


def _build(builder: Any, folder: pathlib.Path) -> None:
    then = time.monotonic()
    print(f"building {builder.info.full_name} in {folder} (once)", flush=True)
    builder.download_and_prepare()
    print(f"built in {time.monotonic() - then:.0f} s", flush=True)


def split(builder: Any, expression: str) -> Sequence[dict[str, Any]]:
    """The examples of "train", "train[:10%]" or "actor01+actor02" as stored.

    Raises:
      ValueError: a split that the prepared data lacks; the message names those it has.
    """
    wanted = [part.split("[")[0].strip() for part in expression.split("+")]
    missing = [name for name in wanted if name not in builder.info.splits]
    if missing:
        explain = getattr(builder, "explain_missing", None)
        hint = explain(missing) if explain else ""
        raise ValueError(
            f"{builder.info.full_name} has no split {', '.join(missing)}; it has "
            f"{', '.join(builder.info.splits)}. {hint}"
        )
    return builder.as_data_source(split=expression)


def raw_folder(name: str, default: str) -> str:
    """The folder `name` of raw data under $AFFECTJAX_DATA, or under `default`."""
    return str(pathlib.Path(os.environ.get(RAW) or default) / name)


def _prepared(folder: pathlib.Path) -> bool:
    return (folder / "dataset_info.json").exists()
