"""NRC VAD Lexicon v2.1 (Mohammad 2025) as TFDS: English words and phrases with VAD."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

FILE = "NRC-VAD-Lexicon-v2.1.txt"
COLUMNS = ("term", *vad.DIMENSIONS)


class Builder(ManualBuilder):
    """One split, terms: norms are looked up, not trained on."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Terms of version 2.1."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Unpack NRC-VAD-Lexicon-v2.1.zip of saifmohammad.com/WebPages/nrc-vad.html and put {FILE} "
        "into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.UNIT)
        return self.described(
            features("text vad clip_id", said),
            said,
            description="NRC VAD Lexicon: words and phrases, valence, arousal, dominance.",
            homepage="https://saifmohammad.com/WebPages/nrc-vad.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        path = self.root(dl_manager, [FILE]) / FILE
        rows = list(tables.read(path, COLUMNS, delimiter="\t", quoted=False, unique="term"))
        return {"terms": self._generate_examples(rows)}

    def _generate_examples(
        self, rows: Sequence[tables.Row]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            term = row["term"].encode()
            values = np.array([row.number(d, -1, 1) for d in vad.DIMENSIONS], np.float32)
            yield row["term"], {"text": term, "vad": values, "clip_id": term}


def make_dummy(folder: pathlib.Path) -> None:
    """Write twenty made-up terms, a phrase and an apostrophe among them."""
    folder.mkdir(parents=True, exist_ok=True)
    terms = ["glorp", "glorp up", "glorp's", *(f"zib{i}" for i in range(17))]
    lines = ["\t".join(COLUMNS)]
    lines += [f"{term}\t{i / 10 - 1:.3f}\t0.5\t{1 - i / 10:.3f}" for i, term in enumerate(terms)]
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
