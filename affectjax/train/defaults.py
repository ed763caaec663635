"""Fields that every config has, with their defaults; a config fills in task, data, optimiser."""

import copy
from typing import Any

import ml_collections

from affectjax import config as config_lib

_DEFAULTS: dict[str, Any] = {
    "seed": 0,
    "task": None,
    "optimizer": None,
    "init": "",
    "init_fresh": [],
    "init_drop": [],
    "pretrain": None,
    "train": {
        "steps": 1000,
        "batch": 32,
        "accum": 1,
        "prefetch": 0,
        "ema": 0.0,
        "sharpness": 0.0,
        "trained": [],
        "frozen": [],
        "log_every": 50,
        "eval_every": 250,
        "checkpoint_every": 250,
        "tensorboard": False,
        "profile": [0, 0],
        "stuck_after": 1800.0,
        "compilation_cache": "compiled",
    },
    "select": {"split": "validation", "metric": "uar", "mode": "max", "reproduces": ""},
    "evaluate": ["test"],
    "calibration": "temperature",
    "topology": "v5e:2x2",
    "mesh": {"data": -1, "fsdp": 1, "expert": 1, "sequence": 1, "tensor": 1},
    "sharding": {
        "preset": "replicated",
        "rules": [],
        "activations": [],
        "optimizer": "follow",
        "optimizer_memory": "device",
    },
    "data": {
        "builder": "",
        "builder_config": "",
        "manual_dir": "",
        "data_dir": "",
        "splits": {"train": "train", "validation": "validation", "test": "test"},
        "parts": {},
        "labels": [],
        "units": [],
        "temperature": 1.0,
        "train_ops": [],
        "eval_ops": [],
        "eval_batch": 64,
        "views": 1,
        "fps": 0.0,
        "threads": 4,
        "prefetch": 64,
        "fake": 0,
    },
}


def config(**fields: object) -> ml_collections.ConfigDict:
    """A ConfigDict of all fields below, those given replaced.

    seed: of initialisation, order, augmentation and dropout.
    task, optimizer: recorded calls. init: work directory of a run to take weights from, or empty;
      init_fresh, init_drop: patterns of parameters here, or there, that it does not concern.
    pretrain: the config of a run that comes first and becomes `init`.
    train: steps; batch (global); accum micro-batches a step; ema decay (0: none); sharpness, the
      radius of sharpness-aware minimisation (0: none; else a step costs two); prefetch,
      batches put on the devices ahead of the step that reads them (0: none); trained, patterns
      of the only parameters to train (none: all), frozen, patterns of those that stay as they are;
      log_every, eval_every, checkpoint_every in steps; tensorboard; profile [first, last] step;
      stuck_after seconds without a step the run ends (0: never); compilation_cache, folder in the
      work directory where compiled programs are kept (empty: nowhere).
    select: split, metric and mode (max or min) that choose the best checkpoint; `reproduces`
      names the paper where that split is a test split.
    evaluate: splits that --mode=evaluate scores; calibration: by a temperature, or by a vector, a
      factor and a bias a category (`evals.calibrate`), fitted on the split that chose.
    topology: the chips that --mode=compile compiles for: v5e:4x4, v4:2x2x2, or cpu:8.
    mesh: axes and sizes, -1 for the devices left.
    sharding: preset (replicated, fsdp or fsdp_tensor, `train.partition`); rules in front of it,
      ordered [pattern of parameters, rule]; activations, ordered [pattern of modules, axes];
      optimizer, follow or data (ZeRO-1), and optimizer_memory, device or pinned_host: where the
      moments live (`train.optimizer_state`).
    data: builder (module), builder_config, manual_dir, data_dir, splits (name -> expression),
      train_ops, eval_ops, eval_batch, views of a clip, fps (frames per second
      of the dataset, for --mode=predict), threads, prefetch (examples), and fake,
      the number of examples made in memory instead of read (0: read). A mixture of datasets has
      parts (name -> a recorded `data.mix.Part`, in place of builder and splits), labels, the
      categories of all, units, the numbers of the action units of all (none: left out), and the
      temperature of sampling.
    """
    out = ml_collections.ConfigDict(copy.deepcopy(_DEFAULTS))
    for name, value in fields.items():
        if isinstance(value, dict) and config_lib.NAME not in value:
            out[name].update(value)
        else:
            out[name] = value
    return out


def epochs(config: ml_collections.ConfigDict, count: int, examples: int, batch: int) -> int:
    """Set in place to train for so many epochs, scored and saved after each; returns an epoch's
    steps: the whole batches in it, at least one.
    """
    steps = max(examples // batch, 1)
    config.train.update(steps=count * steps, batch=batch, eval_every=steps, checkpoint_every=steps)
    return steps


def tiny(config: ml_collections.ConfigDict) -> None:
    """Shrink a config in place to a few small steps, for tests and a first look."""
    config.train.update(steps=4, batch=8, log_every=1, eval_every=2, checkpoint_every=1)
    config.train.stuck_after = 0.0
    config.data.update(eval_batch=8, prefetch=8, threads=1)
