"""`python -m tests.experiments.emoset_people FOLDER`: EmoSet's layout, with faces to find."""

import pathlib
import sys

from PIL import Image

from tests.conftest import REPO
from tfds_builders.emoset import emoset_dataset_builder as emoset

SHEET, HEAD, SIDE = REPO / "tfds_builders/affect_synth/contact_sheet.jpg", 14, 64


def main(folder: pathlib.Path) -> None:
    """The builder's dummies, with a drawn face in the first picture of each emotion and split."""
    emoset.make_dummy(folder)
    with Image.open(SHEET) as sheet:
        face = sheet.crop((0, HEAD, SIDE, HEAD + SIDE)).resize((2 * SIDE, 2 * SIDE))
    for path in sorted((folder / "image").glob("*/*0.jpg")):
        with Image.open(path) as small:
            scene = small.resize((6 * SIDE, 4 * SIDE))
        scene.paste(face, (SIDE, SIDE))
        scene.save(path)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
