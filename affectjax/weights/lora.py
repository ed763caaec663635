"""LoRA adapters as peft stores them, over any model whose names have a table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flax import traverse_util

from affectjax.weights import names

PyTree = Any
PREFIX = "base_model.model."


def to_adapters(
    state_dict: Mapping[str, np.ndarray], adapters: PyTree, table: names.Table, prefix: str = PREFIX
) -> PyTree:
    """Adapters shaped like `adapters` (of `models.lora.init`) from peft's arrays.

    `table` is that of the model's own weights. Names with and without the adapter's name, as in
    "lora_A.default.weight", are read.

    Raises:
      ValueError: as `names.to_params`.
    """
    plain = {k.replace(".default.weight", ".weight"): v for k, v in state_dict.items()}
    return names.to_params(plain, adapters, _table(adapters, table, prefix))


def to_state_dict(adapters: PyTree, table: names.Table, prefix: str = PREFIX) -> names.StateDict:
    """The inverse of `to_adapters`."""
    return names.to_state_dict(adapters, _table(adapters, table, prefix))


def _table(adapters: PyTree, table: names.Table, prefix: str) -> names.Table:
    """One rule a path: the model's name of the layer, then lora_A or lora_B, turned."""
    rules = []
    for path in traverse_util.flatten_dict(adapters, sep="/"):
        layer, _, part = path.rpartition("/")
        name = table.name(f"{layer}/kernel")
        if not name.endswith(".weight"):
            raise ValueError(f"{layer} is a part of {name}: peft has no adapter for it alone")
        theirs = f"{prefix}{name.removesuffix('.weight')}.lora_{part.upper()}.weight"
        rules.append((f"^{path}$", theirs))
    turn = names.Layout(lambda x: np.ascontiguousarray(x.T), lambda x: np.ascontiguousarray(x.T))
    return names.Table(rules=tuple(rules), layouts={r"\.lora_[AB]\.weight$": turn})
