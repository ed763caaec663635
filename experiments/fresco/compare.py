"""How alike pictures are by FRESCO, level by level.

  python -m experiments.fresco.compare docs/timeline.png \
    tfds_builders/affect_synth/contact_sheet.jpg

Prints a line of JSON for each pair: the score, its levels and traits. Without a detector the
plastic level alone is told; `--faces` looks for faces (MTCNN), which tell of size and place, not of
a gaze.
"""

import argparse
import itertools
import json
import pathlib
from typing import Any

from affectjax.predict import face, pictures
from experiments.fresco import record, score


def of_file(path: pathlib.Path, detect: Any = None) -> record.Record:
    """The record of a picture file, with the faces that `detect` finds in it.

    Raises:
      affectjax.predict.media.MediaError: damaged, or no picture.
    """
    picture = pictures.read(path)
    if detect is None:
        return record.of_picture(picture)
    h, w = picture.shape[:2]
    boxes = [
        (max(x / w, 0.0), max(y / h, 0.0), min((x + a) / w, 1.0), min((y + b) / h, 1.0))
        for x, y, a, b in detect(picture)
    ]
    return record.of_picture(picture, faces=[record.Face(box) for box in boxes])


def main(argv: list[str] | None = None) -> None:
    """Compare every two files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path, help="two pictures or more")
    parser.add_argument("--faces", action="store_true", help="look for faces")
    given = parser.parse_args(argv)
    if len(given.files) < 2:
        parser.error("name two pictures or more")
    detect = face.mtcnn() if given.faces else None
    records = {path: of_file(path, detect) for path in given.files}
    for a, b in itertools.combinations(given.files, 2):
        told = score.score(records[a], records[b])
        print(json.dumps({"files": [str(a), str(b)], **told}))


if __name__ == "__main__":
    main()
