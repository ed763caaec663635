"""Tables, pictures and folds: each fault of an annotation file is one error with its line."""

import collections

import pytest

from tfds_builders import folds, pictures, tables


def _read(tmp_path, data, **options):
    path = tmp_path / "table.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(tables.read(path, ("id", "score"), **options))


def test_quotes_line_breaks_and_a_byte_order_mark_are_read(tmp_path):
    rows = _read(tmp_path, '\ufeffid,score\r\n"a ""b""\nc",1.5\r\n\r\nd,2\r\n', unique="id")
    assert [row["id"] for row in rows] == ['a "b"\nc', "d"]
    assert rows[0].number("score") == 1.5
    raw = _read(tmp_path, 'say "hi"\t3\n', head=False, delimiter="\t", quoted=False)
    assert raw[0]["id"] == 'say "hi"'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("id,score,extra\na,1,2\n", "another version of the table: columns with 'extra'"),
        ("id\na\n", "without 'score'"),
        ("score,id\n1,a\n", "in another order"),
        ("", "without 'id', 'score'"),
        ("id,score\n", "holds no row"),
        ("id,score\na,1\nb\n", "line 3: 1 cells, expected 2"),
        ("id,score\na,1\na,2\n", "line 3: id 'a' is already in line 2"),
        ("id,score\na,1\nb\xe4,2\n".encode("latin-1"), "line 3: not UTF-8"),
        ('id,score\na,"1\n', "unexpected end of data"),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path, data, why):
    with pytest.raises(ValueError, match=why) as error:
        _read(tmp_path, data, unique="id")
    assert "table.csv" in str(error.value)
    with pytest.raises(FileNotFoundError, match=r"other\.csv"):
        list(tables.read(tmp_path / "other.csv", ("id",)))


@pytest.mark.parametrize(
    ("cell", "call", "why"),
    [
        ("high", lambda row: row.number("score"), "'high' is not a number"),
        ("nan", lambda row: row.number("score"), "nan is not between"),
        ("9", lambda row: row.number("score", 1, 7), "9 is not between 1 and 7"),
        ("1.5", lambda row: row.whole("score"), "not a whole number"),
        ("-1", lambda row: row.whole("score"), "-1 is not between 0"),
        ("joy", lambda row: row.one_of("score", ("anger", "fear")), "not one of anger, fear"),
    ],
)
def test_a_broken_cell_is_named_with_its_line(tmp_path, cell, call, why):
    row = _read(tmp_path, f"id,score\na,{cell}\n")[0]
    with pytest.raises(ValueError, match=f"line 2: score .*{why.split(' ', 1)[-1]}"):
        call(row)


def test_a_cut_off_picture_is_told_from_a_whole_one(tmp_path):
    path = tmp_path / "a.jpg"
    pictures.draw(path, 1, side=64)
    assert pictures.fault(path) == ""
    assert pictures.read(path) == path.read_bytes()
    path.write_bytes(path.read_bytes()[:400])
    assert "damaged" in pictures.fault(path)
    path.write_text("<html>not found</html>")
    assert "no picture" in pictures.fault(path)
    assert pictures.fault(tmp_path / "b.jpg") == "is not there"


def test_another_format_is_stored_as_png(tmp_path):
    pictures.draw(tmp_path / "a.bmp", 2)
    assert pictures.read(tmp_path / "a.bmp").startswith(b"\x89PNG")


def test_folds_keep_groups_whole_and_are_about_equal():
    groups = {f"{g} {i}": str(g) for g in range(60) for i in range(g % 5 + 1)}
    fold_of = folds.of_groups(groups, 5)
    assert all(len({fold_of[i] for i in groups if groups[i] == g}) == 1 for g in groups.values())
    sizes = collections.Counter(fold_of.values())
    assert max(sizes.values()) - min(sizes.values()) <= 5
    assert fold_of == folds.of_groups(dict(reversed(groups.items())), 5)
    with pytest.raises(ValueError, match="OASIS has folds 1 to 5"):
        folds.expressions(6, 5, "OASIS")
