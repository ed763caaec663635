"""How well a generator of paintings meets the emotion that it was asked for, by EmoArt's labels.

  python -m experiments.emoart.score --generated=generated.npz --real=real.npz

Each file holds, a row a picture: `probabilities` (n, 12) of a judge, in the order of
affect.labels.EMOART12, and `intended` (n,), the emotion asked for or annotated; where there are,
`feature` (n, d) for Fréchet's distance, and `image` and `text` (n, e), a picture's and its
description's features in one space such as CLIP's. Prints JSON: the judge on real paintings stands
beside the generated ones, and chance beside both.
"""

import argparse
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect.labels import EMOART12
from affectjax.metrics import frechet
from tfds_builders.emoart.annotations import AROUSALS, QUADRANTS, VALENCES

Arrays = Mapping[str, np.ndarray]
# Valence and arousal (0 or 1) of each emotion in order, and its quadrant 2 valence + arousal.
SIDES = np.array([QUADRANTS[name] for name in EMOART12.names])
NAMES = tuple(f"{v} {a}" for v in VALENCES for a in AROUSALS)


def quadrants(probabilities: Float[np.ndarray, "n 12"]) -> Float[np.ndarray, "n 4"]:
    """Probabilities of the quadrants NAMES: the sums over their emotions.

    >>> quadrants(np.eye(12)[[EMOART12.index("calm")]]).tolist()  # positive low
    [[0.0, 0.0, 1.0, 0.0]]
    """
    return np.asarray(probabilities) @ np.eye(4)[2 * SIDES[:, 0] + SIDES[:, 1]]


def alignment(
    probabilities: Float[np.ndarray, "n 12"], intended: Int[np.ndarray, " n"]
) -> dict[str, Any]:
    """Shares of pictures whose judged emotion, quadrant, valence and arousal are the intended.

    `confusion` counts quadrants, rows intended. `chance` is the emotion's share when the intended
    ones are handed round (its expectation), so a judge with a favourite gains nothing.

    Raises:
      ValueError: probabilities of another number of emotions, or an emotion that is none.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(intended)
    if p.ndim != 2 or p.shape != (len(y), len(EMOART12)):
        raise ValueError(f"probabilities {list(p.shape)}: expected ({len(y)}, {len(EMOART12)})")
    if not len(y) or y.min() < 0 or y.max() >= len(EMOART12):
        raise ValueError(f"intended holds {sorted(set(y.tolist()))}: expected 0 to 11")
    guess, asked = p.argmax(1), 2 * SIDES[y, 0] + SIDES[y, 1]
    found = quadrants(p).argmax(1)
    confusion = np.zeros((4, 4), int)
    np.add.at(confusion, (asked, found), 1)
    shares = [np.bincount(x, minlength=len(EMOART12)) / len(y) for x in (guess, y)]
    return {
        "emotion": float((guess == y).mean()),
        "quadrant": float((found == asked).mean()),
        "valence": float((found // 2 == asked // 2).mean()),
        "arousal": float((found % 2 == asked % 2).mean()),
        "chance": float(shares[0] @ shares[1]),
        "confusion": confusion.tolist(),
    }


def described(image: Float[np.ndarray, "n e"], text: Float[np.ndarray, "n e"]) -> dict[str, float]:
    """Whether pictures are nearer to their own descriptions than to others'.

    `attributes` is the share of the other descriptions that are farther by cosine (ties half), 0.5
    by chance; `matched` and `mismatched` are the mean cosines.

    Raises:
      ValueError: fewer than two pictures.

    >>> described(np.eye(2), np.eye(2))
    {'attributes': 1.0, 'matched': 1.0, 'mismatched': 0.0}
    """
    x, t = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (image, text))
    cosine = x @ t.T
    n = len(cosine)
    if n < 2:
        raise ValueError(f"{n} picture has no other description to tell from")
    own, other = np.diag(cosine)[:, None], ~np.eye(n, dtype=bool)
    ahead = (own > cosine) + 0.5 * (own == cosine)
    return {
        "attributes": float(ahead[other].mean()),
        "matched": float(own.mean()),
        "mismatched": float(cosine[other].mean()),
    }


def score(generated: Arrays, real: Arrays) -> dict[str, Any]:
    """The judge on both sets, descriptions where both features are there, `frechet` where both are.

    Of a judge that is wrong on real paintings nothing follows for generated ones: `kept` is how far
    above chance the emotion of the generated is, as a share of the real's.

    Raises:
      ValueError: as `alignment`, `described` and `frechet.distance`.
    """
    out: dict[str, Any] = {}
    for name, arrays in (("generated", generated), ("real", real)):
        out[name] = alignment(arrays["probabilities"], arrays["intended"])
        if "image" in arrays and "text" in arrays:
            out[name] |= described(arrays["image"], arrays["text"])
    above = {k: out[k]["emotion"] - out[k]["chance"] for k in ("generated", "real")}
    out["kept"] = above["generated"] / above["real"] if above["real"] > 0 else None
    if "feature" in generated and "feature" in real:
        out["frechet"] = frechet.distance(generated["feature"], real["feature"])
    return out


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays of a file.

    Raises:
      ValueError: it lacks `probabilities` or `intended`.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if absent := {"probabilities", "intended"} - {*arrays}:
        raise ValueError(f"{path} lacks {', '.join(sorted(absent))}; it holds {sorted(arrays)}")
    return arrays


def main(argv: list[str] | None = None) -> None:
    """Score two files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("generated", "real"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path, help="an .npz")
    given = parser.parse_args(argv)
    print(json.dumps(score(read(given.generated), read(given.real)), indent=1))


if __name__ == "__main__":
    main()
