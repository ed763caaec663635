"""A config may hold the config of the run that it starts from: pre-train, then train."""

import os
import pathlib
from typing import Any

import ml_collections

from affectjax.train import hosts, loop

PRETRAIN = "pretrain"


def train(config: ml_collections.ConfigDict, workdir: str | os.PathLike[str]) -> dict[str, float]:
    """Train `config`, after `config.pretrain` in `<workdir>/pretrain` where there is one.

    Both stages go on from their last checkpoints, so one command repeated finishes the work; a
    request to stop ends it at either (`stop.Stopped`).
    Returns the last values on the selection split.
    """
    workdir = pathlib.Path(workdir)
    config = ml_collections.ConfigDict(config)
    before: Any = config.get(PRETRAIN)
    if before:
        _say(f"stage 1 of 2: pre-training in {workdir / PRETRAIN}")
        loop.train(before, workdir / PRETRAIN)
        _say(f"stage 2 of 2: training in {workdir}")
        with config.unlocked():
            config.init = str(workdir / PRETRAIN)
    return loop.train(config, workdir)


def _say(text: str) -> None:
    if hosts.main():
        print(text, flush=True)
