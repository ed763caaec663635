"""What watches a run: the watchdog, the profiler, the clock of the start, programs kept."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from affectjax.train import inputs, profiler, setup, shard, startup, watchdog
from tests.conftest import REPO
from tests.train import toy_run

STUCK = """
import sys, threading
from affectjax.train import watchdog
def a_thread_that_waits_for_ever():
    threading.Event().wait()
threading.Thread(target=a_thread_that_waits_for_ever, daemon=True).start()
with watchdog.watching(1.0, sys.argv[1]) as dog:
    for _ in dog.over(range(3)):
        pass
    dog.progress()
    a_thread_that_waits_for_ever()
"""


def test_a_stuck_step_ends_the_run_with_the_stacks_of_all_threads(tmp_path):
    command = [sys.executable, "-c", STUCK, str(tmp_path)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=300)
    assert done.returncode == watchdog.STUCK == 77
    assert "no step for 1 s (config.train.stuck_after): process 0 of 1 is stuck" in done.stderr
    for text in (done.stderr, (tmp_path / "stuck-0.txt").read_text()):
        assert text.count("in a_thread_that_waits_for_ever") == 2


def test_compiling_and_progress_are_not_stuck(tmp_path, monkeypatch):
    ended = []
    monkeypatch.setattr(watchdog.Watchdog, "_end", lambda self: ended.append(1))
    with watchdog.watching(0.4, tmp_path) as dog:
        time.sleep(1)  # the first step may compile
        for _ in range(5):
            dog.progress()
            time.sleep(0.1)
        assert not ended
    with watchdog.watching(0.0, tmp_path) as dog:
        dog.progress()
        time.sleep(0.5)
    assert not ended


def _traces(folder):
    return len(list((folder / "profile").glob("plugins/profile/*/*.xplane.pb")))


def test_a_profile_is_made_of_the_steps_configured_and_on_a_signal_or_a_file(tmp_path, monkeypatch):
    said: list[str] = []
    step = jax.jit(lambda x: x + 1)
    x = jnp.zeros(3)
    with profiler.tracing((2, 3), tmp_path, said.append) as traced:

        def run(first, last):
            for i in range(first, last + 1):
                traced.before(i)
                traced.after(i, step(x))

        run(1, 4)
        assert said == [f"profile up to step 3 in {tmp_path / 'profile'}"]
        os.kill(os.getpid(), signal.SIGUSR1)
        run(5, 12)
        assert said[1].startswith("profile up to step 9 in")
        monkeypatch.setattr(profiler, "_LOOK", 0.0)
        time.sleep(1)  # folders of traces are named by the second
        (tmp_path / profiler.WISH).write_text("2\n")
        run(13, 16)
        assert said[2].startswith("profile up to step 14 in")
        assert not (tmp_path / profiler.WISH).exists()
    assert len(said) == 3
    assert _traces(tmp_path) >= 2
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_programs_are_kept_in_the_work_directory_and_found_again(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    before = jax.config.jax_compilation_cache_dir
    told = []
    for _ in range(2):
        with startup.Clock() as clock, startup.cached("compiled", tmp_path):
            jax.clear_caches()
            value = jax.jit(lambda x: jnp.sin(x) @ x.T)(np.ones((3, 4), np.float32))
            told.append((clock.end("first step")[0], np.asarray(value)))
    assert "(0 of 1 programs were compiled before)" in told[0][0]
    assert "(1 of 1 programs were compiled before)" in told[1][0]
    np.testing.assert_array_equal(told[0][1], told[1][1])
    assert list((tmp_path / "compiled").glob("cpu-*/*"))
    assert jax.config.jax_compilation_cache_dir == before


def test_the_parts_of_the_start_add_up():
    with startup.Clock() as clock:
        clock.part("data")
        jax.jit(lambda x: jax.jit(jnp.tanh)(x) * 3)(np.ones(5, np.float32))
        line, values = clock.end("first step")
    assert abs(sum(v for k, v in values.items() if k != "total") - values["total"]) < 1e-6
    assert min(values.values()) >= 0
    assert values["trace"] > 0
    assert values["compile"] > 0
    assert line.startswith("start-up ")


def test_the_first_step_was_traced_and_lowered_while_the_first_state_was_compiled():
    config = toy_run.get_config()
    mesh = shard.make_mesh(config.mesh.to_dict())
    seen = []
    listen = lambda event, *_, fun_name="", **__: seen.append((event, fun_name))  # noqa: E731
    with jax.set_mesh(mesh):
        run = setup.prepare(config, mesh, inputs.example_spec(config))
        batch = run.put(next(inputs.train_batches(config, 0)))
        jax.monitoring.register_event_time_span_listener(listen)
        try:
            state, _ = setup.restore_or_init(config, run, SimpleNamespace(latest_step=lambda: None))
            before = [*seen]
            run.train_step(state, batch)
        finally:
            jax.monitoring.unregister_event_time_span_listener(listen)
    steps = [event.rpartition("/")[2] for event, name in seen if name in ("step", "jit(step)")]
    once = ["jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"]
    assert steps == once
    assert [name for _, name in before if name in ("step", "jit(step)")] == ["step", "jit(step)"]
