"""Maps of `predict.explain` drawn over what they are of."""

import pathlib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

_STRONGEST = 99.0  # percentile of a map that is drawn at full strength
FRAMES = 8  # of a clip that are drawn


def over(
    picture: UInt8[np.ndarray, "h w 3"], heat: Float[np.ndarray, "i j"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture in grey, in colour where the map is strong; the map is smoothed by h / 24."""
    h, w = picture.shape[:2]
    wide = cv2.resize(np.asarray(heat, np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    wide = cv2.GaussianBlur(wide, (0, 0), max(h / 24, 0.5))
    share = np.clip(wide / (np.percentile(wide, _STRONGEST) or 1.0), 0, 1)
    colour = cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    grey = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)
    alpha = 0.7 * share[..., None]
    return (grey * (1 - alpha) + colour * alpha).round().astype(np.uint8)


def draw(
    path: pathlib.Path,
    title: str,
    pictures: Mapping[str, UInt8[np.ndarray, "t h w 3"]],
    log_mel: Float[np.ndarray, "n m"] | None,
    maps: Mapping[str, Float[np.ndarray, "..."]],
) -> None:
    """A PNG: a row of pictures a key with its map over them, and the spectrogram with its own.

    `pictures` are by key, a still picture as a clip of one; `maps` as of `explain.explain`, of
    one row.
    """
    rows = [name for name in (*pictures, "log_mel") if name in maps]
    figure = Figure(figsize=(11, 2.2 * len(rows) + 0.6), layout="constrained")
    figure.suptitle(title)
    for axes, name in zip(figure.subplots(len(rows), 1, squeeze=False)[:, 0], rows, strict=True):
        axes.set_title(name, loc="left", fontsize=9)
        if name == "log_mel":
            axes.imshow(_sound(log_mel, maps[name]), origin="lower", aspect="auto")
            axes.set(xlabel="10 ms", ylabel="mel bin")
        else:
            axes.imshow(strip(pictures[name], maps[name]))
            axes.axis("off")
    figure.savefig(path, dpi=110)


def strip(
    pictures: UInt8[np.ndarray, "t h w 3"], maps: Float[np.ndarray, "..."]
) -> UInt8[np.ndarray, "h u 3"]:
    """At most FRAMES of the pictures side by side with their maps over them; below, as they are."""
    heats = np.reshape(maps, (len(pictures), *np.shape(maps)[-2:]))
    chosen: Sequence[int] = np.unique(
        np.linspace(0, len(pictures) - 1, min(len(pictures), FRAMES)).round().astype(int)
    ).tolist()
    above = np.concatenate([over(pictures[i], heats[i]) for i in chosen], axis=1)
    return np.concatenate([above, np.concatenate([pictures[i] for i in chosen], axis=1)], axis=0)


def _sound(
    log_mel: Float[np.ndarray, "n m"] | None, heat: Float[np.ndarray, "n m"]
) -> UInt8[np.ndarray, "m n 3"]:
    if log_mel is None:
        raise ValueError("a map of sound without its spectrogram")
    x = np.asarray(log_mel, np.float32).T
    low, high = np.percentile(x, [1, 99])
    grey = np.clip((x - low) / max(high - low, 1e-6), 0, 1)
    picture = np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=-1)
    return over(picture, np.asarray(heat).T)
