"""Comparison with reference vectors at the tolerances of their index."""

import numpy as np


def close(name: str, ours, reference, rtol: float = 1e-5, atol: float = 5e-6) -> None:
    """|a - b| <= rtol max|reference| + atol, with the worst difference in the message."""
    ours, reference = np.asarray(ours), np.asarray(reference)
    assert ours.shape == reference.shape, f"{name}: {ours.shape}, reference {reference.shape}"
    worst = np.abs(ours - reference).max(initial=0.0)
    bound = rtol * np.abs(reference).max(initial=0.0) + atol
    assert worst <= bound, f"{name}: differs by {worst:.3g}, allowed {bound:.3g}"


def split(arrays: dict, prefix: str) -> dict:
    """Entries under `prefix/`, without it."""
    return {
        k.removeprefix(f"{prefix}/"): v for k, v in arrays.items() if k.startswith(prefix + "/")
    }


def norms(grads: dict, names: dict) -> dict:
    """L2 norms of a state dict of gradients."""
    assert set(grads) == set(names), set(grads) ^ set(names)
    return {k: np.linalg.norm(v.astype(np.float64)) for k, v in grads.items()}
