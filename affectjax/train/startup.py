"""From the command to the first step: programs kept between starts, and what the time goes on."""

import contextlib
import hashlib
import os
import pathlib
import platform
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

OFF = ""
_SETTINGS = {
    "jax_compilation_cache_dir": None,
    # Small programs count too: a start compiles some thirty, most under a tenth of a second.
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}
_SPANS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "trace",
    "/jax/core/compile/backend_compile_duration": "compile",
}
_ASKED = "/jax/compilation_cache/compile_requests_use_cache"
_HIT = "/jax/compilation_cache/cache_hits"
_KINDS = ("trace", "compile")
Span = tuple[float, float]
_begun: list[float] = []  # whether a run has started in this process before


@contextlib.contextmanager
def cached(folder: str, workdir: str | os.PathLike[str]) -> Iterator[None]:
    """While open, compiled programs are kept in `folder`, by default inside the work directory.

    Each kind of processor has a folder of its own below it: XLA's key of a CPU program does not
    hold the instructions it uses, and one made elsewhere may end the process. $JAX_COMPILATION_
    CACHE_DIR goes before; `folder` "" keeps nothing.
    """
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if folder == OFF or given or not pathlib.Path(workdir).is_dir():
        yield
        return
    place = pathlib.Path(workdir).resolve() / folder / _processor()
    before = {name: getattr(jax.config, name) for name in _SETTINGS}
    _set({**_SETTINGS, "jax_compilation_cache_dir": str(place)})
    try:
        yield
    finally:
        _set(before)


def _set(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()  # JAX looks at its settings once only


def _processor() -> str:
    """'cpu-1a2b3c4d' by the instructions that the processor has, or 'tpu'."""
    kind = jax.default_backend()
    if kind != "cpu":
        return kind
    text = platform.machine()
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        text += next((li for li in lines if li.startswith(("flags", "Features"))), "")
    return f"cpu-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


class Clock:
    """Parts of the time from the start of the process to the end of the first step.

    The parts add up: what JAX spends on tracing and compiling is taken out of the part in which it
    happens.
    """

    def __init__(self) -> None:
        self._spans: list[tuple[str, float, float]] = []
        self._programs, self._kept = 0, 0
        self._last = time.time()
        began = self._last if _begun else _process_began()
        _begun.append(began)
        self._parts: list[tuple[str, float, float]] = [("imports", began, self._last)]

    def __enter__(self) -> "Clock":
        jax.monitoring.register_event_time_span_listener(self._span)
        jax.monitoring.register_event_listener(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        jax.monitoring.unregister_event_time_span_listener(self._span)
        jax.monitoring.unregister_event_listener(self._event)

    def part(self, name: str) -> None:
        """The time since the last part belongs to `name`."""
        now = time.time()
        self._parts.append((name, self._last, now))
        self._last = now

    def end(self, name: str) -> tuple[str, dict[str, float]]:
        """The last part: a line that tells all, and the seconds by part with their total."""
        self.part(name)
        values = self._values()
        shown = ", ".join(f"{k} {v:.1f}" for k, v in values.items() if k != "total")
        line = (
            f"start-up {values['total']:.1f} s: {shown} "
            f"({self._kept} of {self._programs} programs were compiled before)"
        )
        return line, values

    def _values(self) -> dict[str, float]:
        own = {kind: union([s[1:] for s in self._spans if s[0] == kind]) for kind in _KINDS}
        seconds = {kind: length(spans) for kind, spans in own.items()}
        # A program is sometimes compiled while another is traced.
        seconds["trace"] -= overlap(own["trace"], own["compile"])
        both = union([*own["trace"], *own["compile"]])
        out: dict[str, float] = {}
        for name, first, last in self._parts:
            rest = last - first - overlap([(first, last)], both)
            out[name] = out.get(name, 0.0) + rest
        return {**out, **seconds, "total": self._last - self._parts[0][1]}

    def _span(self, event: str, start_time: float, end_time: float, **_: Any) -> None:
        if event in _SPANS:
            self._spans.append((_SPANS[event], start_time, end_time))

    def _event(self, event: str, **_: Any) -> None:
        self._programs += event == _ASKED
        self._kept += event == _HIT


def union(spans: Sequence[Span]) -> list[Span]:
    """Spans of time without overlaps, in order: a program traced within another counts once.

    >>> union([(0, 2), (5, 6), (1, 3)])
    [(0, 3), (5, 6)]
    """
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def length(spans: Sequence[Span]) -> float:
    """Seconds in spans that do not overlap."""
    return sum(end - start for start, end in spans)


def overlap(a: Sequence[Span], b: Sequence[Span]) -> float:
    """Seconds in both of two lists of spans, neither overlapping itself.

    >>> overlap([(0, 3), (5, 6)], [(2, 5.5)])
    1.5
    """
    return sum(max(0.0, min(p[1], q[1]) - max(p[0], q[0])) for p in a for q in b)


def _process_began() -> float:
    """When this process was started, in seconds since 1970; where unknown, now."""
    try:
        ticks = int(pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.time()
    return time.time() - up + ticks / os.sysconf("SC_CLK_TCK")
