"""Norms of 13,915 English lemmas (Warriner, Kuperman & Brysbaert 2013) as TFDS: words with VAD."""

import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

FILE = "Ratings_Warriner_et_al.csv"
DIMENSIONS, STATISTICS = "VAD", ("Mean", "SD", "Rat")
_OF_ALL = [f"{d}.{s}.Sum" for d in DIMENSIONS for s in STATISTICS]
# Men and women, younger and older, lower and higher education: not stored.
_OF_GROUPS = [
    f"{d}.{s}.{group}"
    for pair in ("MF", "YO", "LH")
    for d, group, s in itertools.product(DIMENSIONS, pair, STATISTICS)
]
COLUMNS = ("", "Word", *_OF_ALL, *_OF_GROUPS)


class Builder(ManualBuilder):
    """One split, terms: norms are looked up, not trained on."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Means, standard deviations and numbers of raters of all raters."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Put {FILE} of osf.io/download/pyzv9 (or crr.ugent.be/archives/1003) into the manual "
        "directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.SAM9)
        return self.described(
            features("text vad vad_sd vad_raters clip_id", said),
            said,
            description="Warriner norms: 13,915 lemmas, valence, arousal, dominance.",
            homepage="http://crr.ugent.be/archives/1003",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        path = self.root(dl_manager, [FILE]) / FILE
        return {"terms": self._generate_examples(list(tables.read(path, COLUMNS, unique="Word")))}

    def _generate_examples(
        self, rows: Sequence[tables.Row]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            term = row["Word"].encode()
            yield row["Word"], {"text": term, "clip_id": term, **ratings(row)}


def ratings(row: tables.Row) -> dict[str, np.ndarray]:
    """vad in [-1, 1], vad_sd on that scale (half its length is 4 points), vad_raters.

    Raises:
      ValueError: a mean outside 1 to 9, or a number that is none; names the line.
    """
    mean = np.array([row.number(f"{d}.Mean.Sum", 1, 9) for d in DIMENSIONS])
    sd = np.array([row.number(f"{d}.SD.Sum", 0, 8) for d in DIMENSIONS])
    return {
        "vad": np.asarray(vad.SAM9.to_unit(mean), np.float32),
        "vad_sd": (sd / 4).astype(np.float32),
        "vad_raters": np.array([row.whole(f"{d}.Rat.Sum", 1) for d in DIMENSIONS], np.int32),
    }


def make_dummy(folder: pathlib.Path) -> None:
    """Write seventeen made-up lemmas."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(COLUMNS)]
    for i in range(17):
        of_all = [f"{1 + i / 2:.2f},1.5,20", "5,2,21", f"{9 - i / 2:.2f},2.5,22"]
        lines.append(",".join([str(i + 1), f"zib{i}", *of_all, *["5"] * len(_OF_GROUPS)]))
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
