"""Reading weights: torch's own layout, damaged files, and a pickle that wants to run code."""

import collections
import io
import os
import pickle
import sys
import types
import zipfile

import jax
import numpy as np
import pytest

from affectjax.weights import files, names


class _Storage:
    def __init__(self, kind, key, array):
        self.pid = ("storage", kind, key, "cpu", array.size)


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.pid if isinstance(value, _Storage) else None


@pytest.fixture
def fake_torch(monkeypatch):
    """Modules whose names pickle as torch's do; the reader must not need them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*arguments):
        raise AssertionError("the reader must not call torch")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def _tensor(torch, key, array, size, stride, offset=0):
    class Tensor:
        def __reduce__(self):
            storage = _Storage(torch.FloatStorage, key, array)
            rest = (storage, offset, size, stride, False, collections.OrderedDict())
            return sys.modules["torch._utils"]._rebuild_tensor_v2, rest

    return Tensor()


def _write(path, tree, storages):
    pickled = io.BytesIO()
    _Pickler(pickled, protocol=2).dump(tree)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, array in storages.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())


def test_tensors_of_torch_are_read_with_their_strides(fake_torch, tmp_path):
    data = np.arange(12, dtype=np.float32)
    tree = {
        "epoch": 3,
        "state_dict": collections.OrderedDict(
            a=_tensor(fake_torch, "0", data, (3, 4), (4, 1)),
            transposed=_tensor(fake_torch, "0", data, (4, 3), (1, 4)),
            part=_tensor(fake_torch, "0", data, (2,), (1,), offset=5),
        ),
    }
    _write(tmp_path / "w.pth", tree, {"0": data})
    read = files.load(tmp_path / "w.pth")
    np.testing.assert_array_equal(read["a"], data.reshape(3, 4))
    np.testing.assert_array_equal(read["transposed"], data.reshape(3, 4).T)
    np.testing.assert_array_equal(read["part"], [5, 6])


def _write_old(path, tree, storages, cut=0):
    """As torch < 1.6: pickles one after the other, then the storages."""
    out = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, out, protocol=2)
    _Pickler(out, protocol=2).dump(tree)
    pickle.dump(list(storages), out, protocol=2)
    for array in storages.values():
        out.write(np.int64(array.size).tobytes() + array.tobytes())
    path.write_bytes(out.getvalue()[: len(out.getvalue()) - cut])


def test_files_of_torch_before_1_6_are_read_too(fake_torch, tmp_path):
    data, other = np.arange(12, dtype=np.float32), np.ones(3, np.float32)
    tree = collections.OrderedDict(
        a=_tensor(fake_torch, "0", data, (4, 3), (1, 4)),
        b=_tensor(fake_torch, "1", other, (3,), (1,)),
    )
    _write_old(tmp_path / "w.pth", tree, {"0": data, "1": other})
    read = files.load(tmp_path / "w.pth")
    np.testing.assert_array_equal(read["a"], data.reshape(3, 4).T)
    np.testing.assert_array_equal(read["b"], other)
    _write_old(tmp_path / "w.pth", tree, {"0": data, "1": other}, cut=5)
    with pytest.raises(ValueError, match="cut short"):
        files.load(tmp_path / "w.pth")


def test_a_tensor_beyond_its_storage_is_refused(fake_torch, tmp_path):
    data = np.arange(4, dtype=np.float32)
    tree = {"a": _tensor(fake_torch, "0", data, (100,), (1,))}
    _write(tmp_path / "w.pth", tree, {"0": data})
    with pytest.raises(ValueError, match="reaches beyond its storage"):
        files.load(tmp_path / "w.pth")


def test_a_hostile_pickle_runs_nothing(tmp_path):
    mark = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {mark}",)

    _write(tmp_path / "w.pth", {"state_dict": {"a": Hostile()}}, {})
    with pytest.raises(ValueError, match=r"names (posix|nt)\.system.*not loaded"):
        files.load(tmp_path / "w.pth")
    assert not mark.exists()


def test_safetensors_and_npz_come_back_as_they_went(tmp_path):
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.zeros(2)}
    files.save(tmp_path / "w.safetensors", arrays)
    np.savez(tmp_path / "w.npz", **arrays)
    for ending in ("safetensors", "npz"):
        read = files.load(tmp_path / f"w.{ending}")
        assert read.keys() == arrays.keys()
        np.testing.assert_array_equal(read["w"], arrays["w"])
    lazy = files.OnDisk(tmp_path / "w.safetensors")
    assert (set(lazy), len(lazy), "x" in lazy) == ({"w", "b"}, 2, False)
    np.testing.assert_array_equal(lazy["w"], arrays["w"])
    placed: list[np.ndarray] = []
    like = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in arrays.items()}
    table = names.Table(rules=(), as_is="w")
    read = names.to_params(lazy, like, table, place=lambda a: placed.append(a) or len(placed))
    assert sorted(read.values()) == [1, 2]
    assert {a.shape for a in placed} == {(3, 2), (2,)}


@pytest.mark.parametrize("ending", ["safetensors", "npz", "pth"])
def test_a_file_cut_short_is_named(tmp_path, ending):
    whole, cut = tmp_path / "whole", tmp_path / f"cut.{ending}"
    arrays = {"w": np.arange(600, dtype=np.float32)}
    if ending == "safetensors":
        files.save(whole, arrays)
    else:
        with whole.open("wb") as file:
            np.savez(file, **arrays)
    cut.write_bytes(whole.read_bytes()[:-700])
    with pytest.raises(ValueError, match="cut"):
        files.load(cut)


def test_absent_files_unknown_endings_and_pickled_npz(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights at"):
        files.load(tmp_path / "w.pth")
    (tmp_path / "w.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=r"weights end in \.safetensors"):
        files.load(tmp_path / "w.h5")
    np.savez(tmp_path / "w.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ValueError, match="plain arrays"):
        files.load(tmp_path / "w.npz")
