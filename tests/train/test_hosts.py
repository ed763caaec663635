"""Many processes: real ones, over gloo, killed, stopped, and brought back on other numbers."""

import concurrent.futures
import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest

from affectjax.train import checkpoint, hosts, rollcall, stop, workdir
from tests.conftest import REPO

STEPS = 24
PATIENCE = 300  # seconds; a busy machine starts few processes at a time


def _free_port() -> int:
    """A port whose lower neighbour, the roll call's, is free too."""
    while True:
        with socket.socket() as upper, socket.socket() as lower:
            upper.bind(("localhost", 0))
            port = upper.getsockname()[1]
            try:
                lower.bind(("localhost", port - 1))
            except OSError:
                continue
            return port


class Run:
    """`count` processes of `devices` fake devices each that train the toy in one folder."""

    def __init__(self, folder, count, devices, *flags, slow=0.0, **given):
        command = [
            *(sys.executable, "-m", "affectjax.main", f"--workdir={folder}"),
            *(f"--config=tests/train/toy_run.py:steps={STEPS},slow={slow}", *flags),
        ]
        env = os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
        self.count, port = count, _free_port()
        self.processes = []
        for i in range(count):
            many = [f"--coordinator=localhost:{port}", f"--process_count={count}"]
            where = [*many, f"--process_id={i}"] if count > 1 else []
            self.processes.append(
                subprocess.Popen(
                    [*command, *where],
                    cwd=REPO,
                    env=env,
                    text=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    **given,
                )
            )
        self.told = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.communicate()

    def until(self, text: str) -> None:
        """Read what process 0 says up to a line with the text."""
        for line in self.processes[0].stdout:
            self.told += line
            if text in line:
                return
        raise AssertionError(f"never said {text!r}:\n{self.told}")

    def ends(self) -> list[tuple[int, str]]:
        """Exit code and standard error of each process."""
        out = []
        for i, process in enumerate(self.processes):
            said, errors = process.communicate(timeout=PATIENCE)
            if i == 0:
                self.told += said
            out.append((process.returncode, errors))
        return out


def _metrics(folder):
    """{(step, split, name): value} of what does not depend on the clock."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    clocked = ("steps_per_second", "data_wait")
    kept = [r for r in rows if r["name"] not in clocked and r["split"] != "startup"]
    return {(int(r["step"]), r["split"], r["name"]): float(r["value"]) for r in kept}


def _same_metrics(folder, reference, last, atol):
    found, expected = _metrics(folder), _metrics(reference)
    keys = [k for k in expected if k[0] <= last]
    assert {k for k in found if k[0] <= last} == set(keys)
    np.testing.assert_allclose(
        [found[k] for k in keys], [expected[k] for k in keys], rtol=1e-6, atol=atol
    )
    return keys


def test_hosts_come_and_go_and_the_run_ends_where_an_undisturbed_one_ends(tmp_path):
    """One process with 8 devices; then 4 hosts (one killed), 2 (asked to stop), one device.

    The order of a sum over devices is that of the library that sums (gloo, or XLA's own within a
    process), so numbers agree to 1e-6 and not to the bit: one unit in the last place as seen here.
    """
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with Run(whole, 1, 8) as alone:
        assert alone.ends()[0][0] == 0
    with Run(broken, 4, 2, slow=0.02) as four:
        four.until("step 5/")
        while not (broken / "checkpoints" / "4").is_dir():  # saved beside the steps, whole at once
            assert four.processes[2].poll() is None
            time.sleep(0.001)
        four.processes[2].kill()
        codes = four.ends()
    assert codes[2][0] == -signal.SIGKILL
    for code, errors in (codes[i] for i in (0, 1, 3)):
        assert code == rollcall.LOST, errors
        assert re.search(r"process 2 .*of 4 ended without a word", errors), errors
    assert "Start all processes again" in codes[0][1]
    _same_metrics(broken, whole, 5, 1e-6)
    with Run(broken, 2, 4, slow=0.02) as two:
        two.until("going on from step 4 of")
        two.until("step 6/")
        two.processes[1].terminate()
        assert [code for code, _ in two.ends()] == [stop.STOPPED, stop.STOPPED]
    reached = int(re.search(r"stopped at step (\d+) of", two.told)[1])
    assert 6 <= reached < STEPS
    _same_metrics(broken, whole, reached, 1e-6)
    with Run(broken, 1, 1) as last:
        assert last.ends()[0][0] == 0
    assert f"going on from step {reached} of" in last.told
    keys = _same_metrics(broken, whole, STEPS, 2e-6)
    assert {(STEPS, "validation", "uar"), (STEPS, "train", "loss_local")} <= set(keys)
    ends = [checkpoint.restore_params(folder, best=False) for folder in (broken, whole)]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *ends)
    config = json.loads((broken / "config.json").read_text())
    assert config["train"]["steps"] == STEPS


def test_a_process_that_never_comes_is_named(tmp_path):
    port, start = _free_port(), ["--process_count=3", "--start_timeout=3"]
    command = [
        *(sys.executable, "-m", "affectjax.main", "--config=tests/train/toy_run.py"),
        *(f"--workdir={tmp_path}", f"--coordinator=localhost:{port}", "--process_id=0", *start),
    ]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == rollcall.LOST
    assert "processes 1, 2 of 3 did not come within 3 s" in done.stderr


class Verdicts(list):
    """The codes and texts with which processes would have ended."""

    def end(self, code, text):
        self.append((code, text))
        threading.Event().wait()  # no more of this thread, as after the end of a process

    def first(self):
        deadline = time.monotonic() + 60
        while not self and time.monotonic() < deadline:
            time.sleep(0.05)
        return self[0]


def _members(ids, count, lost_after):
    verdicts, port = Verdicts(), _free_port()
    rollcall.Hub(port, count, 30, lost_after, verdicts.end).start()
    where = ("localhost", port)
    return verdicts, [rollcall.Member(where, i, count, 30, lost_after, verdicts.end) for i in ids]


def test_a_barrier_gives_all_the_value_of_process_0_and_can_be_passed_again():
    verdicts, members = _members(range(3), 3, 60)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for turn in range(2):
            asked = [pool.submit(m.barrier, "here", [i, turn]) for i, m in enumerate(members)]
            assert [one.result(60) for one in asked] == [[0, turn]] * 3
    for member in members:
        member.leave()
    assert not verdicts


def test_a_silent_process_is_named(monkeypatch):
    verdicts, members = _members(range(2), 2, 2.0)
    monkeypatch.setattr(members[1], "_say", lambda message: None)  # alive, but not heard
    code, text = verdicts.first()
    assert code == rollcall.LOST
    assert re.match(r"process 1 .*of 2 gave no sign of life for 2 s", text)


def test_the_error_of_one_process_is_told_by_all():
    verdicts, members = _members(range(2), 2, 60)
    members[0].fail("ValueError: a damaged clip")
    code, text = verdicts.first()
    assert code == rollcall.FAILED
    assert re.match(r"process 0 .*of 2 failed: ValueError: a damaged clip", text)


def test_two_processes_of_one_id_are_an_error():
    verdicts, _ = _members([1, 1], 2, 30)
    code, text = verdicts.first()
    assert code == rollcall.FAILED
    assert "process 1 of 2 on" in text
    assert "give each --process_id=0..N-1 once" in text


def test_where_a_process_stands_is_given_whole_or_found(monkeypatch):
    for name in ("SLURM_JOB_ID", hosts.ADDRESS, hosts.COUNT, hosts.INDEX):
        monkeypatch.delenv(name, raising=False)
    assert hosts.place() is None
    assert hosts.place("a:99", 1, 0) is None
    assert hosts.place("a:99", 4, 3) == hosts.Place("a:99", 4, 3)
    with pytest.raises(ValueError, match="--process_id missing: give all of"):
        hosts.place("a:99", 4)
    with pytest.raises(ValueError, match="--process_id=4 --process_count=4"):
        hosts.place("a:99", 4, 4)
    with pytest.raises(ValueError, match="give HOST:PORT"):
        hosts.place("a", 4, 0)
    monkeypatch.setenv(hosts.ADDRESS, "b:7")
    monkeypatch.setenv(hosts.COUNT, "2")
    monkeypatch.setenv(hosts.INDEX, "1")
    assert hosts.place() == hosts.Place("b:7", 2, 1)
    assert hosts.place("none") is None


def test_slurm_is_found_where_it_holds_more_than_one_task(monkeypatch):
    for name in (hosts.ADDRESS, hosts.COUNT, hosts.INDEX):
        monkeypatch.delenv(name, raising=False)
    slurm = {"JOB_ID": 5, "STEP_NODELIST": "gpu[07-09]", "NTASKS": 12, "PROCID": 6, "LOCALID": 2}
    for name, value in slurm.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    assert hosts.place() == hosts.Place("gpu07:61445", 12, 6, (2,))
    monkeypatch.setenv("SLURM_NTASKS", "1")
    assert hosts.place() is None


def test_a_work_directory_that_others_do_not_see_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(workdir, "_LAG", 0.0)
    monkeypatch.setattr(hosts, "main", lambda: False)
    monkeypatch.setattr(hosts, "barrier", lambda name, value=None: "a word")
    with pytest.raises(FileNotFoundError, match="not the folder that process 0 writes"):
        workdir.claimed(tmp_path).__enter__()
    (tmp_path / workdir.MARK).write_text("a word")
    with workdir.claimed(tmp_path) as folder:
        assert folder == tmp_path
