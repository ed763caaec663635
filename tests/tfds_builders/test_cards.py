"""Cards: one a builder, whole, and the page made of them is current."""

import pytest

from tests.conftest import REPO
from tfds_builders import cards

FOLDERS = [card.parent for card in cards.cards()]


def test_the_page_of_all_datasets_is_current():
    assert cards.PAGE.read_text(encoding="utf-8") == cards.page(), (
        "docs/datasets.md is older than the cards: run python -m tfds_builders.cards"
    )


def test_every_builder_has_a_card():
    builders = {p.parent for p in (REPO / "tfds_builders").glob("*/*_dataset_builder.py")}
    assert builders <= set(FOLDERS)
    for folder in set(FOLDERS) - builders:
        assert cards.facts(folder / "README.md")["verified"].startswith("no builder")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_card_has_every_row_and_a_citation(folder):
    cards.facts(folder / "README.md")
    if folder.name != "affect_synth":
        assert "@" in (folder / "CITATIONS.bib").read_text(encoding="utf-8")


def test_a_card_without_a_row_or_with_another_word_is_named(tmp_path):
    card = tmp_path / "README.md"
    whole = (FOLDERS[0].parent / "oasis" / "README.md").read_text(encoding="utf-8")
    card.write_text(whole.replace("| licence |", "| terms |"), encoding="utf-8")
    with pytest.raises(ValueError, match="no row licence"):
        cards.facts(card)
    card.write_text(whole.replace("| real annotation", "| all annotation"), encoding="utf-8")
    with pytest.raises(ValueError, match="verified begins with"):
        cards.facts(card)
