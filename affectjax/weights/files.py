"""State dicts from files: safetensors, npz, and torch's pickles without running what they say."""

import collections
import pathlib
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import ml_dtypes
import numpy as np

StateDict = dict[str, np.ndarray]

_STORAGES: Mapping[str, Any] = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


def load(path: str | pathlib.Path) -> StateDict:
    """Arrays by name of a .safetensors, .npz, .pt, .pth, .bin or .ckpt file.

    Of a training checkpoint the mapping under "state_dict", "model" or "module" is taken.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: another ending, a damaged file, a pickle that names code, or no arrays in it.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    readers: dict[str, Callable[[pathlib.Path], Any]] = {
        ".safetensors": _safetensors,
        ".npz": _npz,
        **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt"), _torch),
    }
    if path.suffix not in readers:
        raise ValueError(f"{path}: weights end in {', '.join(readers)}, not {path.suffix!r}")
    try:
        tree = readers[path.suffix](path)
    except (OSError, EOFError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or not what its ending says: {error!r}") from error
    return _arrays(path, tree)


def _safetensors(path: pathlib.Path) -> StateDict:
    import safetensors
    from safetensors import numpy as st

    try:
        return st.load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error


def _npz(path: pathlib.Path) -> StateDict:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {k: file[k] for k in file.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a whole npz of plain arrays: {error}") from error


def _torch(path: pathlib.Path) -> Any:
    """What torch.save wrote (since 1.6): a zip with a pickle and one file a storage."""
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path} is no zip: it is cut short, or torch < 1.6 wrote it; load and save it again "
            "with torch, or convert it to safetensors"
        )
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
        names = [n for n in archive.namelist() if n.endswith("data.pkl")]
        if broken or len(names) != 1:
            raise ValueError(f"{path} is damaged: {broken or 'it holds no data.pkl'}")
        root = names[0].removesuffix("data.pkl")
        order = root + "byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise ValueError(f"{path} was written on a big-endian machine")
        with archive.open(names[0]) as file:
            return _Unpickler(file, archive, root, path).load()


class _Unpickler(pickle.Unpickler):
    """Rebuilds tensors and containers; every other name in the pickle is refused."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, root: str, path: pathlib.Path) -> None:
        super().__init__(file)
        self._archive, self._root, self._path = archive, root, path

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
        }
        if module == "torch" and name in _STORAGES:
            return np.dtype(_STORAGES[name])
        if (module, name) not in allowed:
            raise ValueError(
                f"{self._path}: its pickle names {module}.{name}, which is neither a tensor nor a "
                "container and may run code; it was not loaded. Ask for safetensors"
            )
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> np.ndarray:
        kind, dtype, key, *_ = pid
        if kind != "storage":
            raise ValueError(f"{self._path}: unknown record {kind!r} in its pickle")
        return np.frombuffer(self._archive.read(f"{self._root}data/{key}"), dtype)


def _rebuild(
    storage: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> np.ndarray:
    """A tensor as torch lays it out, checked to lie within its storage, as a fresh array."""
    if any(s < 0 for s in (*size, *stride, offset)) or len(size) != len(stride):
        raise ValueError(f"a tensor of size {size} and stride {stride} cannot be")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= len(storage):
        raise ValueError(f"a tensor of {size} reaches beyond its storage of {len(storage)}")
    bytes_ = tuple(step * storage.itemsize for step in stride)
    view = np.lib.stride_tricks.as_strided(storage[offset:], size, bytes_, writeable=False)
    return view.copy()


def _arrays(path: pathlib.Path, tree: Any) -> StateDict:
    for key in ("state_dict", "model", "module"):
        if isinstance(tree, Mapping) and isinstance(tree.get(key), Mapping):
            tree = tree[key]
            break
    arrays = tree if isinstance(tree, Mapping) else {}
    others = [k for k, v in arrays.items() if not isinstance(v, np.ndarray)]
    if not arrays or others:
        raise ValueError(f"{path} holds no state dict: {others[:5] or type(tree).__name__}")
    return {str(k): v for k, v in arrays.items()}


def save(path: str | pathlib.Path, state_dict: Mapping[str, np.ndarray]) -> None:
    """Write safetensors."""
    from safetensors import numpy as st

    st.save_file({k: np.ascontiguousarray(v) for k, v in state_dict.items()}, path)
