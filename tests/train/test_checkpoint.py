"""Damage to a checkpoint is found and named, whole ones survive, and a folder has one trainer."""

import pathlib
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.train import checkpoint, checksum, workdir
from tests.conftest import REPO

STATE = {"params": {"head": jnp.linspace(0, 1, 4000).reshape(40, 100), "on": jnp.array([True])}}


def _save(folder, steps=(1, 2), state=STATE):
    with checkpoint.manager(folder, "uar") as manager:
        for step in steps:
            checkpoint.save(manager, step, state, {"seed": 0}, {"uar": step / 10})
        checkpoint.wait(manager)


def _restore(folder, state=STATE, step=None):
    abstract = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding), state
    )
    with checkpoint.manager(folder, "uar") as manager:
        return checkpoint.restore(manager, abstract, step)


def _restore_newest(folder):
    abstract = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding), STATE
    )
    with checkpoint.manager(folder, "uar") as manager:
        return checkpoint.restore_newest(manager, abstract)


def _arrays(folder, step=2):
    files = (folder / "checkpoints" / str(step) / "state").rglob("d/*")
    return max((f for f in files if f.is_file()), key=lambda f: f.stat().st_size)


def _truncate(folder):
    _arrays(folder).write_bytes(_arrays(folder).read_bytes()[:100])


def _remove_state(folder):
    shutil.rmtree(folder / "checkpoints" / "2" / "state")


def _remove_meta(folder):
    (folder / "checkpoints" / "2" / "meta" / "metadata").unlink()


def _remove_manifest(folder):
    for path in (folder / "checkpoints" / "2" / "state").rglob("manifest.ocdbt"):
        path.unlink()


@pytest.mark.parametrize("damage", [_truncate, _remove_state, _remove_meta, _remove_manifest])
def test_a_damaged_checkpoint_is_named_passed_over_and_kept(tmp_path, damage, capsys):
    _save(tmp_path)
    damage(tmp_path)
    with pytest.raises(checkpoint.CheckpointError, match="checkpoints/2 is damaged") as caught:
        _restore(tmp_path)
    assert "passes over it to step 1" in str(caught.value)
    state, meta = _restore_newest(tmp_path)
    assert meta["next_step"] == 1
    np.testing.assert_array_equal(state["params"]["head"], STATE["params"]["head"])
    warning = capsys.readouterr().out
    assert f"checkpoint 2 was passed over and moved to {tmp_path}/damaged/2: " in warning
    assert "is damaged: " in warning
    assert "going on from step 1" in warning
    assert (tmp_path / "damaged" / "2").is_dir()
    _save(tmp_path, steps=(2,))  # the run reaches that step again
    damage(tmp_path)
    assert _restore_newest(tmp_path)[1]["next_step"] == 1
    assert (tmp_path / "damaged" / "2-2").is_dir()


def test_where_no_checkpoint_is_whole_each_is_named_and_none_moved(tmp_path):
    _save(tmp_path)
    for step in (1, 2):
        shutil.rmtree(tmp_path / "checkpoints" / str(step) / "state")
    with pytest.raises(checkpoint.CheckpointError, match=r"no checkpoint in .* is whole") as caught:
        _restore_newest(tmp_path)
    assert "- step 2: " in str(caught.value)
    assert "- step 1: " in str(caught.value)
    assert not (tmp_path / "damaged").exists()


def test_an_array_that_changed_on_disk_is_found_by_its_checksum(tmp_path):
    _save(tmp_path)
    meta = tmp_path / "checkpoints" / "2" / "meta" / "metadata"
    kept = checksum.of(STATE)["params/head"]
    meta.write_text(meta.read_text().replace(str(kept), str(kept + 1)))
    for read in (_restore, checkpoint.restore_params):
        with pytest.raises(checkpoint.CheckpointError, match=r"1 arrays differ.*params/head"):
            read(tmp_path)
    assert _restore(tmp_path, step=1)[1]["next_step"] == 1


def test_a_checkpoint_of_another_model_is_not_called_damaged(tmp_path):
    _save(tmp_path)
    other = {"params": {"head": jnp.zeros((40, 7)), "on": jnp.array([True])}}
    with pytest.raises(ValueError, match=r"params/head is \(40, 100\), not \(40, 7\)"):
        _restore(tmp_path, other)


def test_one_bit_changes_a_checksum_and_sharding_does_not():
    mesh = jax.make_mesh((8,), ("data",))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    values = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    expected = checksum.of({"a": values})
    assert checksum.of({"a": jax.device_put(values, place)}) == expected
    assert expected["a"] == int(values.view(np.uint32).sum(dtype=np.uint64) % 2**32)
    for bit in (0, 31):
        bits = values.view(np.uint32).copy()
        bits[17, 1] ^= np.uint32(1 << bit)
        assert checksum.differing({"a": bits.view(np.float32)}, expected) == ["a"]


FULL = """
import resource, signal, sys
import jax.numpy as jnp
from affectjax.train import checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
state = {"params": jnp.zeros((200, 200))}
with checkpoint.manager(sys.argv[1], "uar") as manager:
    checkpoint.save(manager, 1, state, {"seed": 0}, {"uar": 0.5})
    checkpoint.wait(manager)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    checkpoint.save(manager, 2, {"params": state["params"] + jnp.arange(200.0)}, {"seed": 0})
    checkpoint.wait(manager)
"""


def test_a_disk_that_takes_no_more_is_one_error_and_loses_nothing(tmp_path):
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert done.returncode != 0
    last = done.stderr[done.stderr.rindex("CheckpointError") :]
    assert "could not save" in last
    assert "File too large" in last
    assert "Whole there: [1]" in last
    restored = checkpoint.restore_params(tmp_path)
    np.testing.assert_array_equal(restored, np.zeros((200, 200)))


def test_looking_at_a_run_leaves_a_save_under_way_alone(tmp_path):
    _save(tmp_path)
    half = tmp_path / "checkpoints" / "3.orbax-checkpoint-tmp"
    half.mkdir()
    with checkpoint.manager(tmp_path, "uar", read_only=True) as manager:
        assert (manager.best_step(), manager.latest_step()) == (2, 2)
    assert half.is_dir()


def test_a_folder_has_one_trainer_at_a_time(tmp_path):
    with workdir.claimed(tmp_path / "run") as folder:
        assert folder.is_dir()
        with (
            pytest.raises(BlockingIOError, match="another process trains there"),
            workdir.claimed(tmp_path / "run"),
        ):
            pass
    with workdir.claimed(tmp_path / "run"):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file"), workdir.claimed(tmp_path / "file"):
        pass
    below = tmp_path / "file" / "run"
    with pytest.raises(NotADirectoryError, match="is a file"), workdir.claimed(below):
        pass
    if pathlib.Path("/proc").is_dir():
        with pytest.raises(PermissionError, match="cannot be written"):
            workdir.claimed("/proc/affectjax").__enter__()
