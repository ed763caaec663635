"""Valence and arousal of OASIS's pictures by ridge regression on frozen features, cross-validated.

  python -m experiments.oasis.frozen [--output=runs/oasis_frozen.json]

Reads the pictures that are there (oasis/ under $AFFECTJAX_DATA, default: ../shared/data) and the
builder's five folds of whole themes. `evals.ridge.nested` tests each fold once and chooses its
strength inside the others; all predictions together make one Pearson r a dimension, its interval by
bootstrap over themes, and `folds` is the mean of r within each fold (a fold's mean is told by the
others', which makes the pooled r of nothing learnt negative). Beside it what chance does: the same
with the ratings of the pictures shuffled, many times. Prints a table.
"""

import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags

from affectjax.data import source
from affectjax.data.ops import picture
from affectjax.evals import ridge, scores
from affectjax.models import efficientnet
from experiments.oasis import start
from tfds_builders.oasis import oasis_dataset_builder as oasis

BUILDER = "tfds_builders.oasis.oasis_dataset_builder"
SIDE, BATCH = 224, 16
RATED = ("valence", "arousal")
Pixels = np.ndarray  # (n, SIDE, SIDE, 3), uint8 RGB


def read(manual_dir: str) -> dict[str, np.ndarray]:
    """Pictures (n, 224, 224, 3), valence and arousal (n, 2), theme and fold (n,) as numbers."""
    builder = source.prepare(source.open_builder(BUILDER, "images_present", manual_dir))
    cut = picture.On(
        "image", [picture.ShortSide(SIDE, interpolation="bilinear"), picture.CentreCrop(SIDE)]
    )
    rows = [
        (fold, cut.random_map(dict(example), np.random.default_rng(0)))
        for fold in range(1, oasis.FOLDS + 1)
        for example in source.split(builder, f"fold{fold}")
    ]
    themes = [re.sub(r" \d+$", "", row["theme"].decode()) for _, row in rows]
    return {
        "pictures": np.stack([row["image"] for _, row in rows]),
        "vad": np.stack([row["vad"][:2] for _, row in rows]).astype(np.float64),
        "theme": np.unique(themes, return_inverse=True)[1],
        "fold": np.array([fold for fold, _ in rows]),
    }


def colours(pictures: Pixels) -> np.ndarray:
    """(n, 201): mean, deviation and skewness of L*a*b*, its 4 x 4 x 4 histogram, edges.

    Edges are the shares of 8 directions, weighted by the gradient, in each cell of a 4 x 4 grid.
    """
    return np.stack([np.concatenate([*_lab(p), _edges(p)]) for p in pictures])


def network(params: Any) -> Callable[[Pixels], np.ndarray]:
    """Pictures to the features (n, 1280) of EfficientNet-Lite0, mean with those of the mirrored."""
    model = efficientnet.EfficientNet(efficientnet.size("lite0"))
    mean, std = (jnp.asarray(x) for x in (efficientnet.MEAN, efficientnet.STD))

    @jax.jit
    def ask(params: Any, pictures: Any) -> Any:
        x = (pictures / 255.0 - mean) / std
        both = jnp.concatenate([x, x[:, :, ::-1]])
        return sum(jnp.split(model.apply({"params": params}, both)["feature"], 2)) / 2

    def of(pictures: Pixels) -> np.ndarray:
        padded = np.concatenate([pictures, pictures[: -len(pictures) % BATCH]])
        each = [ask(params, padded[i : i + BATCH]) for i in range(0, len(padded), BATCH)]
        return np.concatenate([np.asarray(x) for x in each])[: len(pictures)]

    return of


def kinds() -> dict[str, Callable[[Pixels], np.ndarray]]:
    """What is frozen: nothing learnt, a network nobody trained, the same trained on ImageNet."""
    model = efficientnet.EfficientNet(efficientnet.size("lite0"))
    drawn = jax.jit(model.init)(jax.random.key(0), jnp.zeros((1, SIDE, SIDE, 3)))["params"]
    return {
        "colours and edges": colours,
        "EfficientNet-Lite0, random": network(drawn),
        "EfficientNet-Lite0, ImageNet": network(start.tower()),
    }


def measure(data: Mapping[str, np.ndarray], features: np.ndarray, shuffles: int) -> dict[str, Any]:
    """Scores of the nested ridge, the strengths chosen, and r of shuffled ratings."""
    g, vad = np.random.default_rng(0), data["vad"]
    others = [vad[g.permutation(len(vad))] for _ in range(shuffles)]
    # Targets are predicted each by itself, so the shuffled ones go beside the true ones.
    targets = np.concatenate([vad, *others], axis=1)
    said, chosen = ridge.nested(features, targets, data["fold"])
    told = scores.scores(vad_pred=said[:, :2], vad=vad, subject=data["theme"])
    out = {k: v for k, v in told.items() if k.startswith(("clips", "pcc", "ccc", "rmse"))}
    null = pearson(said, targets)[2:].reshape(shuffles, 2)
    each = [pearson(said[data["fold"] == f], targets[data["fold"] == f]) for f in set(data["fold"])]
    folds = np.nan_to_num(np.mean(each, axis=0))
    null_folds = folds[2:].reshape(shuffles, 2)
    for d, name in enumerate(RATED):
        out[f"chance_{name}"] = [float(x) for x in np.quantile(null[:, d], [0.5, 0.95])]
        beaten = (null[:, d] >= out[f"pcc_{name}"]).sum()
        out[f"p_{name}"] = float((beaten + 1) / (shuffles + 1))
        out[f"folds_{name}"] = float(folds[d])
        beaten = (null_folds[:, d] >= folds[d]).sum()
        out[f"p_folds_{name}"] = float((beaten + 1) / (shuffles + 1))
    return {**out, "strengths": [fold[:2] for fold in chosen]}


def row(name: str, told: Mapping[str, Any]) -> str:
    """A line of a markdown table."""
    cells = [name]
    for d in RATED:
        low, high = told[f"pcc_{d}_interval"]
        cells += [
            f"{told[f'pcc_{d}']:.2f} [{low:.2f}, {high:.2f}]",
            f"{told[f'p_{d}']:.3f}",
            f"{told[f'folds_{d}']:.2f}",
            f"{told[f'p_folds_{d}']:.3f}",
        ]
    return "| " + " | ".join(cells) + " |"


def main(argv: list[str]) -> None:
    """Measure, print and write."""
    del argv
    data = read(source.raw_folder("oasis", "../shared/data"))
    sizes = np.bincount(data["fold"])[1:].tolist()
    print(
        f"{len(data['vad'])} pictures, {len(set(data['theme'].tolist()))} themes, folds of {sizes}"
    )
    columns = [f"r of {d} [95%] | p | folds | p" for d in RATED]
    print(f"| features | {' | '.join(columns)} |\n|{'---|' * 9}")
    told = {}
    for name, features in kinds().items():
        told[name] = measure(data, features(data["pictures"]), flags.FLAGS.shuffles)
        print(row(name, told[name]), flush=True)
    if flags.FLAGS.output:
        pathlib.Path(flags.FLAGS.output).write_text(json.dumps(told, indent=1) + "\n")


def pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r of each column; NaN where one does not vary."""
    x, y = a - a.mean(0), b - b.mean(0)
    with np.errstate(invalid="ignore"):
        return (x * y).sum(0) / np.sqrt((x**2).sum(0) * (y**2).sum(0))


def _lab(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    mean, spread = lab.mean(0), lab.std(0) + 1e-6
    skew = (((lab - mean) / spread) ** 3).mean(0)
    shares, _ = np.histogramdd(lab, bins=4, range=[(0, 256)] * 3)
    return np.concatenate([mean, spread, skew]), shares.ravel() / len(lab)


def _edges(pixels: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    dy, dx = np.gradient(grey)
    size, at = np.hypot(dx, dy), (np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * 8
    rows = np.arange(SIDE) * 4 // SIDE
    cell = (rows[:, None] * 4 + rows[None, :]) * 8 + np.minimum(at.astype(int), 7)
    return np.bincount(cell.ravel(), size.ravel(), minlength=128) / (size.sum() + 1e-6)


if __name__ == "__main__":
    flags.DEFINE_string("output", "", "a JSON file of all figures to write")
    flags.DEFINE_integer("shuffles", 1000, "of the ratings, to see what chance does")
    app.run(main)
