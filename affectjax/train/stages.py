"""A config may hold the config of the run that it starts from: pre-train, then train."""

import os
import pathlib
from typing import Any

import ml_collections

from affectjax.train import loop

PRETRAIN = "pretrain"


def train(config: ml_collections.ConfigDict, workdir: str | os.PathLike[str]) -> dict[str, float]:
    """Train `config`, after `config.pretrain` in `<workdir>/pretrain` where there is one.

    Both stages go on from their last checkpoints, so one command repeated finishes the work.
    Returns the last values on the selection split.
    """
    workdir = pathlib.Path(workdir)
    config = ml_collections.ConfigDict(config)
    before: Any = config.get(PRETRAIN)
    if before:
        print(f"stage 1 of 2: pre-training in {workdir / PRETRAIN}", flush=True)
        loop.train(before, workdir / PRETRAIN)
        if not _complete(before, workdir / PRETRAIN):
            return {}
        print(f"stage 2 of 2: training in {workdir}", flush=True)
        with config.unlocked():
            config.init = str(workdir / PRETRAIN)
    return loop.train(config, workdir)


def _complete(config: Any, workdir: pathlib.Path) -> bool:
    """Whether a run reached its last step (it may have been told to stop by SIGTERM)."""
    return (workdir / "checkpoints" / str(config.train.steps)).is_dir()
