"""`python -m tfds_builders.affect_synth.contact_sheet FILE.jpg`: what the set looks like."""

import sys
from typing import Any

import cv2
import numpy as np

from tfds_builders.affect_synth import clip, people


def sheet(subjects: range, seed: int = 0, side: int = 64) -> np.ndarray:
    """BGR picture: a row per subject, the apex frame of one clip of each category."""
    rows: list[np.ndarray] = []
    for subject in subjects:
        cells: dict[int, dict] = {}
        for number in range(3 * len(people.CATEGORIES)):
            made = clip.make(clip.Job(seed, subject, number, 16, side))
            best = cells.get(made["emotion"])
            if best is None or made["action_units"].sum() > best["action_units"].sum():
                cells[made["emotion"]] = made
        apexes = [cells[c]["frames"][9] for c in range(len(people.CATEGORIES))]
        images: list[Any] = [
            cv2.imdecode(np.frombuffer(a, np.uint8), cv2.IMREAD_COLOR) for a in apexes
        ]
        rows.append(np.concatenate(images, axis=1))
    body = np.concatenate(rows)
    head = np.full((14, body.shape[1], 3), 255, np.uint8)
    for i, name in enumerate(people.CATEGORIES):
        place = (i * side + 3, 10)
        cv2.putText(head, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.33, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([head, body])


if __name__ == "__main__":
    cv2.imwrite(sys.argv[1], sheet(range(6)))
