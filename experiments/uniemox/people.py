"""Who is where in EmoSet's pictures: the table of boxes that configs/uniemox/pretrain.py reads.

  python -m experiments.uniemox.people --manual_dir=../shared/data/emoset --output=runs/people.csv
  python -m affectjax.main --config=configs/uniemox/pretrain.py:boxes=runs/people.csv \
    --workdir=runs/uniemox

A person is whom the largest face belongs to, by the proportions of a body (`predict.face.person`);
the code asks YOLO. A picture without a face has no line, and stands for the person as a whole.
"""

import csv
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from absl import app, flags

from affectjax.data import source
from affectjax.data.ops import people, picture
from affectjax.predict import face


def boxes(
    examples: Iterable[Mapping[str, Any]], detect: face.Detector
) -> Iterator[tuple[str, list[float]]]:
    """clip_id and left, top, right, bottom, as shares, of each picture with a face."""
    for example in examples:
        pixels = picture.pixels(example["image"])
        found = detect(pixels)
        if found:
            box = face.person(found, pixels.shape)
            yield example["clip_id"].decode(), [round(float(x), 4) for x in box]


def write(path: pathlib.Path, found: Iterable[tuple[str, list[float]]]) -> int:
    """Write the table that `data.ops.people.Boxes` reads; returns the number of people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["clip_id", *people.BOX])
        return sum(bool(lines.writerow([name, *box])) for name, box in found)


def main(argv: list[str]) -> None:
    """Read the flags, look at both splits that the config reads, and write."""
    del argv
    given = flags.FLAGS
    opened = source.open_builder(
        "tfds_builders.emoset.emoset_dataset_builder", manual_dir=given.manual_dir
    )
    examples = source.split(source.prepare(opened), "train+validation")
    count = write(pathlib.Path(given.output), boxes(examples, face.mtcnn()))
    print(f"written: {given.output}, {count} people in {len(examples)} pictures")


if __name__ == "__main__":
    flags.DEFINE_string("manual_dir", None, "folder of EmoSet's official files", required=True)
    flags.DEFINE_string("output", None, "the table to write", required=True)
    app.run(main)
