"""`make bench`: what affectjax does, and PyTorch 2.13 doing the same, as one table of ratios.

Ours and the peers run in this process on the same threads, in float32, and take turns, so the
ratios hold where the milliseconds do not. A ratio above 1 means that ours is faster. Both get what
`affectjax.memory` asks of malloc.
"""

import gc
import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from affectjax import memory

Runs = Mapping[str, Callable[[], Any]]


def main() -> None:
    """Measure and print, row by row."""
    memory.tune_malloc()
    from benchmarks import products

    rates = products.rate()
    print(f"{'work':<28}{'program':<22}{'median':>9}{'fastest':>9}{'slowest':>9}{'ratio':>7}")
    for size, batch in (("S", 4), ("B", 2)):
        _hicmae(size, batch, max(rates))
        gc.collect()
    for name, batch in (("B/16", 4), ("L/14", 1)):
        _encoder(name, batch, max(rates))
        gc.collect()
    _speech()
    _clips()
    _corpora()
    rates += products.rate()
    print(
        f"matrix products of 2048 x 2048: {max(rates) / 1e9:.0f} GFLOP/s at best, "
        f"median {statistics.median(rates) / 1e9:.0f}"
    )


def _hicmae(size: str, batch: int, rate: float) -> None:
    from benchmarks import hicmae

    ours, peer, loss, peer_loss, count = hicmae.pair(size, batch)
    if abs(loss - peer_loss) > 1e-4 * abs(peer_loss):
        raise AssertionError(f"HiCMAE-{size}: our first loss {loss}, the peer's {peer_loss}")
    times = take_turns({"affectjax": ours, "torch": peer}, 5)
    show(f"HiCMAE-{size} step, batch {batch}", times)
    _share(count, times["affectjax"], rate)


def _encoder(name: str, batch: int, rate: float) -> None:
    from benchmarks import encoders

    ours, peer, count = encoders.pair(name, batch)
    times = take_turns({"affectjax": ours, "torch": peer}, 5)
    show(f"ViT-{name} encoding, batch {batch}", times)
    _share(count, times["affectjax"], rate)


def _speech() -> None:
    from benchmarks import speech

    show(f"log-mel, {speech.BATCH} x 2.56 s", take_turns(speech.ours_and_peers(), 7))


def _clips() -> None:
    from benchmarks import clips

    with tempfile.TemporaryDirectory() as folder:
        runs = dict(clips.runs(pathlib.Path(folder)))
        show(f"input, {clips.FILMS} clips", take_turns(runs, 5))


def _corpora() -> None:
    from benchmarks import corpora

    with tempfile.TemporaryDirectory() as folder:
        for work, told, passes in corpora.rows(pathlib.Path(folder)):
            show(work, take_turns(passes, 5))
            print(f"{'':<28}{told}", flush=True)


def take_turns(runs: Runs, rounds: int) -> dict[str, list[float]]:
    """Seconds of each run, once a round, by name; the first run of each is not counted."""
    for run in runs.values():  # compile, start workers, warm up
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            then = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - then)
    return times


def show(work: str, times: Mapping[str, list[float]]) -> None:
    """Print median, fastest, slowest and, against the first, the ratio of medians."""
    medians = {name: statistics.median(t) for name, t in times.items()}
    first = next(iter(medians.values()))
    for i, (name, taken) in enumerate(times.items()):
        figures = [1e3 * f for f in (medians[name], min(taken), max(taken))]
        ratio = "" if i == 0 else f"{medians[name] / first:7.2f}"
        line = "".join(f"{f:6.0f} ms" for f in figures)
        print(f"{work if i == 0 else '':<28}{name:<22}{line}{ratio}", flush=True)


def _share(count: float, times: list[float], rate: float) -> None:
    fastest = count / min(times)
    print(
        f"{'':<28}{count / 1e9:.0f} GFLOP of matrix products: {fastest / 1e9:.0f} GFLOP/s, "
        f"{fastest / rate:.0%} of the rate below",
        flush=True,
    )


if __name__ == "__main__":
    main()
