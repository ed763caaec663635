"""FRESCO's plastic level: what lines and colours of a picture are, whatever it shows.

The level is the paper's (arXiv 2407.03268); the measures are ours, for its own could not be read.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

SIDE = 256  # pixels of the shorter side that is measured, so that a picture's size does not count
COLOURS, DIRECTIONS = 4, 8  # bins a channel of Lab, and of edges over half a turn
_EDGE = 0.1  # gradient of lightness from which a pixel lies on an edge


def scaled(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "i j 3"]:
    """The picture with its shorter side at SIDE pixels."""
    h, w = picture.shape[:2]
    shape = (round(w * SIDE / min(h, w)), round(h * SIDE / min(h, w)))
    how = cv2.INTER_AREA if min(h, w) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, shape, interpolation=how))


def colourfulness(picture: UInt8[np.ndarray, "h w 3"]) -> float:
    """sd + 0.3 mean of the opponent colours rg = R - G and yb = (R + G) / 2 - B, over 255.

    Hasler & Süsstrunk 2003, equation 7: sd and mean are lengths of the two's.

    >>> colourfulness(np.full((2, 2, 3), 128, np.uint8))
    0.0
    """
    r, g, b = np.moveaxis(picture.astype(np.float64) / 255, -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def lightness(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """CIE L of each pixel, 0 to 1."""
    return lab(picture)[..., 0] / 100


def lab(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """CIE Lab of sRGB: L from 0 to 100, a and b about -128 to 128."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def colours(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, " n"]:
    """Shares of COLOURS^3 cells of Lab; each pixel is spread over the cells around it."""
    x = lab(picture).reshape(-1, 3)
    place = (x + np.array([0.0, 100, 100])) / np.array([100.0, 200, 200])
    return _spread(np.clip(place, 0, 1) * (COLOURS - 1), COLOURS, np.ones(len(x)))


def gradients(
    picture: UInt8[np.ndarray, "h w 3"],
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Size of the gradient of lightness a pixel, and its direction in [0, pi)."""
    light = lightness(picture).astype(np.float64)
    dy, dx = np.gradient(light)
    return np.hypot(dy, dx), np.arctan2(dy, dx) % np.pi


def directions(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, " n"]:
    """Shares of DIRECTIONS of gradients, weighed by their size; even where nothing changes."""
    size, angle = gradients(picture)
    if size.sum() < 1e-6 * size.size:
        return np.full(DIRECTIONS, 1 / DIRECTIONS)
    place = angle.ravel() / np.pi * DIRECTIONS
    low = np.floor(place).astype(int)
    share = place - low
    weight = size.ravel()
    out = np.bincount(low % DIRECTIONS, weight * (1 - share), DIRECTIONS)
    out += np.bincount((low + 1) % DIRECTIONS, weight * share, DIRECTIONS)
    return out / out.sum()


def measures(picture: UInt8[np.ndarray, "h w 3"]) -> dict[str, Float[np.ndarray, " n"] | float]:
    """All measures of the level: shares of colours and directions, and numbers.

    Raises:
      ValueError: no picture (h, w, 3) of uint8, or one narrower than 8 pixels.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"no picture: {picture.dtype}{list(picture.shape)}, not uint8 (h, w, 3)")
    if min(picture.shape[:2]) < 8:
        raise ValueError(f"a picture of {picture.shape[:2]} pixels is too small to measure")
    small = cv2.GaussianBlur(scaled(picture), (5, 5), 0)  # compression's blocks are no lines
    light, (size, _) = lightness(small), gradients(small)
    h, w = light.shape
    total = size.sum()
    weight = size / total if total > 1e-6 * size.size else np.full_like(size, 1 / size.size)
    return {
        "colours": colours(small),
        "directions": directions(small),
        "brightness": float(light.mean()),
        "contrast": float(light.std()),
        "colourfulness": colourfulness(small),
        "edges": float((size > _EDGE).mean()),
        "symmetry": float(1 - np.abs(light - light[:, ::-1]).mean()),
        "weight_across": float((weight.sum(0) * (np.arange(w) + 0.5) / w).sum()),
        "weight_down": float((weight.sum(1) * (np.arange(h) + 0.5) / h).sum()),
    }


def _spread(place: np.ndarray, bins: int, weight: np.ndarray) -> np.ndarray:
    """Shares of cells of a grid, each point split linearly between the 2^d around it."""
    low = np.minimum(np.floor(place).astype(int), bins - 2)
    share = place - low
    out = np.zeros(bins ** place.shape[1])
    for corner in np.ndindex(*(2,) * place.shape[1]):
        up = np.array(corner)
        part = np.where(up, share, 1 - share).prod(1) * weight
        cell = np.ravel_multi_index(tuple((low + up).T), (bins,) * place.shape[1])
        out += np.bincount(cell, part, len(out))
    return out / out.sum()
