"""Official HiCMAE state dicts <-> our parameters, by one table of names."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from flax import traverse_util

from affectjax.weights import stacked

PyTree = Any


def to_params(state_dict: Mapping[str, np.ndarray], params: PyTree) -> PyTree:
    """Parameters shaped like `params` from an official state dict (names without "model.").

    Raises:
      ValueError: a name without a place here, a parameter without a name there, or a shape that
        differs; all are listed.
    """
    flat = traverse_util.flatten_dict(stacked.unstack(params), sep="/")
    given = {our_name(k): (k, v) for k, v in state_dict.items()}
    faults = [f"unused {k}" for name, (k, _) in given.items() if name not in flat]
    faults += [f"missing {official_name(k)}" for k in flat if k not in given]
    if faults:
        raise ValueError("the state dict does not fit the model:\n  " + "\n  ".join(faults))
    new = {}
    for path, like in flat.items():
        name, array = given[path]
        value = _to_ours(path, np.asarray(array))
        if value.shape != like.shape:
            faults.append(f"shape of {name}: {array.shape}, here {like.shape} as {path}")
        new[path] = value
    if faults:
        raise ValueError("the state dict does not fit the model:\n  " + "\n  ".join(faults))
    return stacked.stack(traverse_util.unflatten_dict(new, sep="/"), params)


def to_state_dict(params: PyTree, tubelet: int, channels: int = 3) -> dict[str, np.ndarray]:
    """The official state dict of our parameters; the inverse of `to_params`, bit for bit.

    `tubelet` and `channels` are those of the video patches: a matrix does not tell its window.
    """
    flat = traverse_util.flatten_dict(stacked.unstack(params), sep="/")
    return {
        official_name(path): _to_official(path, np.asarray(array), tubelet, channels)
        for path, array in flat.items()
    }


def our_name(name: str) -> str:
    """Our path of an official name.

    >>> our_name("encoder_fusion.blocks_audio.1.cross_attn.kv.weight")
    'encoder_fusion/blocks_audio_1/cross_attn/kv/kernel'
    >>> our_name("encoder.norm.weight"), our_name("mask_token_audio")
    ('encoder/norm/scale', 'mask_token_audio')
    """
    path = re.sub(r"\b(blocks|blocks_audio)\.(\d+)\.", r"\1_\2.", name).replace(".", "/")
    if re.search(r"norm\w*/weight$", path):
        return path.removesuffix("weight") + "scale"
    return path.removesuffix("weight") + "kernel" if path.endswith("/weight") else path


def official_name(path: str) -> str:
    """The official name of our path; the inverse of `our_name`."""
    name = re.sub(r"\b(blocks_audio|blocks)_(\d+)/", r"\1.\2.", path).replace("/", ".")
    return re.sub(r"\.(kernel|scale)$", ".weight", name)


def _to_ours(path: str, array: np.ndarray) -> np.ndarray:
    if not path.endswith("kernel"):
        return array
    if array.ndim == 2:  # (out, in)
        return np.ascontiguousarray(array.T)
    # (out, channels, [frame,] row, column) -> ([frame,] row, column, channels) x out
    order = (*range(2, array.ndim), 1, 0)
    return np.ascontiguousarray(array.transpose(order)).reshape(-1, array.shape[0])


def _to_official(path: str, array: np.ndarray, tubelet: int, channels: int) -> np.ndarray:
    if not path.endswith("kernel"):
        return array
    if "patch_embed" not in path:
        return np.ascontiguousarray(array.T)
    video = not path.startswith("encoder_audio")
    depth, colours = (tubelet, channels) if video else (1, 1)
    side = round((array.shape[0] / depth / colours) ** 0.5)
    window = array.reshape(depth, side, side, colours, array.shape[1]).transpose(4, 3, 0, 1, 2)
    return np.ascontiguousarray(window if video else window[:, :, 0])
