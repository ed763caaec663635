"""One table of all datasets out of their cards: `python -m tfds_builders.cards`.

Writes docs/datasets.md. A card is `tfds_builders/<name>/README.md`; its first table states what
every reader asks first, in the rows of ROWS. A folder without a builder is a card that says why.
"""

import pathlib
import re

ROWS = ("modality", "labels", "access", "licence", "protocol", "verified")
LEVELS = (
    "real files",
    "real annotation files",
    "dummy data in the documented layout",
    "made here",
    "no builder",
)
BUILDERS = pathlib.Path(__file__).parent
PAGE = BUILDERS.parent / "docs" / "datasets.md"
_INTRODUCTION = """\
# Datasets

Every dataset that affectjax reads, from the cards in `tfds_builders/`; the name leads to the card,
which holds the layout, the known faults and what was checked. Written by
`python -m tfds_builders.cards`; change the card, not this page.

"Verified" says on what the builder was run: **real files** are the official media and labels,
**real annotation files** the official labels alone, **dummy data in the documented layout** files
that `make_dummy` draws after the public description. All examples of all builders pass the one
schema of `affectjax/data/schema.py`: valence, arousal and dominance in [-1, 1] with the native
scale in `metadata.json`, raters as counts, and who people are only in configs that end in
`demographics`.

From the command line, with the official files in one folder (`oasis` stands for any name):

```
python -m affectjax.data list
python -m affectjax.data describe oasis
python -m affectjax.data build oasis --config=images_present --manual-dir=DIR
python -m affectjax.data verify oasis --config=images_present --manual-dir=DIR
python -m affectjax.data audit oasis --config=images_present --manual-dir=DIR
python -m affectjax.data preview oasis --config=images_present --manual-dir=DIR --output=sheet.png
python -m affectjax.data statistics oasis --config=images_present --manual-dir=DIR
```

`build` writes `report.json` beside the data: counts, seconds, labels, what was left out, and the
SHA-256 of each file and of each split's content (`content`: the examples in order, however they
are packed and cut into shards); each item that was left out stands there with its reason, and so
does what a protocol drops. `--allow-damaged=NAME,NAME` (or `@FILE`) leaves damaged items out. The
large sets Aff-Wild2, AffectNet, ArtEmis, EmoArt, EmoSet, EmpatheticDialogues, LaMem, LIRIS-ACCEDE,
MSP-Podcast, OMG-Empathy and VoxCeleb2 can be built by Apache Beam, with the extra `beam`
installed: `--beam=8` reads in eight processes; from Python a `DownloadConfig` names any other
runner. These sets are read in parts (a thousand items; ten videos of Aff-Wild2, an archive of
EmoArt, two films of OMG-Empathy), and each part is told as it is done; a build of theirs that was
killed goes on from the parts that are whole, by the same command. A build of any other set that
breaks off leaves nothing behind, and begins anew. Builders that cut out faces take
`--detector=module:function` in place of MTCNN, whose weights ship in its package; sound is
resampled by soxr.

`verify` holds every stored item to the schema; `audit` looks for subjects and near copies in two
splits, and for raters who disagree (`--split=train=fold1+fold2 --split=test=fold3` names what to
compare). Both end with 1 where they find something.

"""


def cards() -> list[pathlib.Path]:
    """The cards, in order of name."""
    return sorted(BUILDERS.glob("*/README.md"))


def facts(card: pathlib.Path) -> dict[str, str]:
    """The rows of ROWS of a card, and its title as `name`.

    Raises:
      ValueError: a row is absent, or `verified` does not begin with one of LEVELS.
    """
    text = card.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([a-z][a-z ]*) \| (.+) \|$", text, re.MULTILINE))
    absent = [row for row in ROWS if row not in rows]
    if absent:
        raise ValueError(f"{card}: no row {', '.join(absent)} in the card's table")
    if not rows["verified"].startswith(LEVELS):
        raise ValueError(f"{card}: verified begins with {', '.join(LEVELS)}; {rows['verified']!r}")
    title = text.splitlines()[0].removeprefix("# ")
    return {"name": title, **{row: rows[row] for row in ROWS}}


def page() -> str:
    """The whole page docs/datasets.md."""
    head = ["dataset", *ROWS]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for card in cards():
        told = facts(card)
        link = f"[{told['name']}](../tfds_builders/{card.parent.name}/README.md)"
        lines.append(f"| {' | '.join([link, *(told[row] for row in ROWS)])} |")
    return _INTRODUCTION + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name} of {len(cards())} cards")
