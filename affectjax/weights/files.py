"""State dicts from files: safetensors, npz, and torch's pickles without running what they say."""

import collections
import pathlib
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

StateDict = dict[str, np.ndarray]
Storage = Callable[[str, np.dtype, int], np.ndarray]  # of its key, type and count of numbers

_OLD = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)  # how torch < 1.6 begins
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


@dataclass(frozen=True)
class OnDisk(Mapping[str, np.ndarray]):
    """A .safetensors file as a state dict that reads an array when it is asked for.

    `names.to_params` asks for each once and may `place` it at once, so a large model is never held
    twice.
    """

    path: pathlib.Path

    def __getitem__(self, name: str) -> np.ndarray:
        with self._opened() as file:
            if name not in file.keys():  # noqa: SIM118 (no mapping)
                raise KeyError(name)
            return file.get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        with self._opened() as file:
            return iter(list(file.keys()))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _opened(self) -> Any:
        import safetensors

        try:
            return safetensors.safe_open(self.path, framework="np")
        except safetensors.SafetensorError as error:
            raise ValueError(f"{self.path} is not a whole safetensors file: {error}") from error


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
    """What torch.save wrote: a zip with a pickle and one file a storage, or before 1.6 pickles."""
    if path.open("rb").read(len(_OLD)) == _OLD:
        return _old_torch(path)
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is neither a zip nor what torch < 1.6 wrote: is it cut short?")
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
            read = lambda key, dtype, _: np.frombuffer(  # noqa: E731
                archive.read(f"{root}data/{key}"), dtype
            )
            return _Unpickler(file, read, path).load()


def _old_torch(path: pathlib.Path) -> Any:
    """What torch < 1.6 wrote: magic number, version, system, objects, keys; then each storage.

    The storages stand last, so the objects are read twice: for their storages' types and sizes,
    and with what these hold.
    """
    types: dict[str, tuple[np.dtype, int]] = {}

    def noted(key: str, dtype: np.dtype, count: int) -> np.ndarray:
        types[key] = dtype, count
        return np.zeros(count, dtype)

    with path.open("rb") as file:
        _, version, system = (_Unpickler(file, noted, path).load() for _ in range(3))
        if version != 1001 or not system.get("little_endian"):
            raise ValueError(f"{path}: version {version}, {system}; 1001, little-endian is read")
        objects = file.tell()
        _Unpickler(file, noted, path).load()
        held = {}
        for key in _Unpickler(file, noted, path).load():
            (count,) = np.frombuffer(file.read(8), "<i8")
            dtype, size = types[key]
            if count != size:
                raise ValueError(f"{path} is damaged: storage {key} has {count} of {size} numbers")
            raw = file.read(count * dtype.itemsize)
            if len(raw) != count * dtype.itemsize:
                raise EOFError(f"storage {key} is cut short")
            held[key] = np.frombuffer(raw, dtype)
        file.seek(objects)
        return _Unpickler(file, lambda key, *_: held[key], path).load()


class _Unpickler(pickle.Unpickler):
    """Rebuilds tensors and containers; every other name in the pickle is refused."""

    def __init__(self, file: Any, storage: Storage, path: pathlib.Path) -> None:
        super().__init__(file)
        self._storage, self._path = storage, path

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
        kind, dtype, key, _, count, *view = pid
        if kind != "storage":
            raise ValueError(f"{self._path}: unknown record {kind!r} in its pickle")
        if any(view):
            raise ValueError(f"{self._path}: storage {key} is a view of another, which is not read")
        return self._storage(key, dtype, count)


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

    # ascontiguousarray would make a number, such as a scale of logits, an array of one.
    st.save_file({k: np.asarray(v, order="C") for k, v in state_dict.items()}, path)
