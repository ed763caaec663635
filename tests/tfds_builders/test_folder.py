"""A user's own folder: columns, scales, folds of subjects, and one clear error for each fault."""

import numpy as np
import pytest

from affectjax import config as config_lib
from tests.conftest import REPO
from tests.tfds_builders import opened
from tfds_builders.folder import folder_dataset_builder as folder
from tfds_builders.folder import labels

pytestmark = pytest.mark.xdist_group("tf")


def _table(tmp_path, text):
    (tmp_path / labels.FILE).write_text(text, encoding="utf-8")
    return labels.read(tmp_path)


def test_a_table_of_every_column_is_read(tmp_path):
    table = _table(
        tmp_path,
        "file,split,subject,emotion,valence_1_5,arousal_1_5,votes_sad,votes_happy,text\n"
        "a/1.wav,train,x,happy,5,1,1,2,hello\n"
        'b.mp4,test,y,sad,3,2,4,0,"well, no"\n',
    )
    assert table.emotions == ("happy", "sad")
    assert table.rated == ("valence", "arousal")
    one, two = table.clips
    assert (one.file, one.split, one.subject, one.emotion) == ("a/1.wav", "train", 0, 0)
    np.testing.assert_allclose(one.vad, [1.0, -1.0, np.nan])
    assert (two.votes, two.text) == ((0, 4), "well, no")


def test_folds_are_of_whole_subjects_and_each_is_tested_once(tmp_path):
    lines = [f"{i}.wav,p{i % 7},{('calm', 'tense')[i % 2]}" for i in range(70)]
    table = _table(tmp_path, "\n".join(["file,subject,emotion", *lines]) + "\n")
    splits = table.splits()
    assert list(splits) == [f"fold{i}" for i in range(1, 6)]
    people = [{clip.subject for clip in clips} for clips in splits.values()]
    assert sum(map(len, people)) == len(set.union(*people)) == 7
    parts = labels.expressions(table, 2)
    assert (parts["test"], parts["validation"]) == ("fold2", "fold3")
    with pytest.raises(ValueError, match="fold=6: the folder has folds 1 to 5"):
        labels.expressions(table, 6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("file,emotoin,subject\n", r"unknown columns \['emotoin'\] \(did you mean emotion\?\)"),
        ("file,subject\n", "neither emotion nor valence"),
        ("emotion,subject\n", "no column file"),
        ("file,emotion,emotion,subject\n", "columns twice"),
        ("file,valence,subject\n", "valence alone; valence and arousal go together"),
        ("file,valence_1_9,arousal_1_5,subject\n", "must be one scale"),
        ("file,emotion\na.wav,calm\nb.wav,tense\n", "neither split nor subject"),
        ("file,valence,arousal,subject\na.wav,7,0,x\n", "line 2: valence 7 is not between -1 and"),
        ("file,emotion,subject\na.wav,,x\n", "line 2: emotion is empty"),
        ("file,emotion,subject\na.wav,calm,x\nb.wav,calm,y\n", "every emotion is 'calm'"),
        ("file,emotion,split\na.wav,calm,dev\nb.wav,tense,train\n", "'dev' is not one of train"),
        ("file,emotion,subject\na.wav,calm,x\nb.wav,tense,y\n", "2 subjects; .* need three"),
        ("file,emotion,subject\n../a.wav,calm,x\nb.wav,tense,y\n", "a path below the folder"),
        ("file,emotion,votes_calm,subject\na.wav,calm,0,x\nb.wav,calm,1,y\n", "nothing to learn"),
        (
            "file,emotion,split,subject\na.wav,calm,train,x\nb.wav,tense,test,x\n",
            "one subject is in two splits, with a.wav in train and b.wav in test",
        ),
    ],
)
def test_a_faulty_table_is_one_error_that_says_what_to_mend(tmp_path, text, why):
    if text.count("\n") == 1:
        text += ",".join("x" * len(text.split(","))) + "\n"
    with pytest.raises(ValueError, match=why) as error:
        labels.expressions(_table(tmp_path, text), 1)
    assert labels.FILE in str(error.value)


def test_an_emotion_that_training_lacks_and_a_split_that_is_missing_are_errors(tmp_path):
    head = "file,emotion,split\n"
    table = _table(tmp_path, head + "a.wav,calm,train\nb.wav,tense,validation\nc.wav,calm,test\n")
    with pytest.raises(ValueError, match="no training clip shows tense"):
        labels.expressions(table, 1)
    table = _table(tmp_path, head + "a.wav,calm,train\nb.wav,tense,train\n")
    with pytest.raises(ValueError, match="no clip is marked validation or test"):
        labels.expressions(table, 1)


def test_files_that_are_absent_damaged_or_of_another_kind_are_all_listed(tmp_path, capsys):
    folder.make_dummy(tmp_path, video=False)
    (tmp_path / "clips" / "0.wav").unlink()
    (tmp_path / "clips" / "1.wav").write_bytes(b"RIFF")
    (tmp_path / "clips" / "more.wav").write_bytes(b"")
    with pytest.raises(ValueError, match="2 damaged files") as error:
        opened.examples(opened.builder("folder", tmp_path, tmp_path, "audio"))
    assert "0.wav: is not there" in str(error.value)
    with pytest.raises(ValueError, match=r"(?s)8 damaged files.*holds no film"):
        opened.examples(opened.builder("folder", tmp_path, tmp_path, "audio_video"))
    left_out = {"allow_damaged": ("clips/0", "clips/1")}
    found = opened.examples(opened.builder("folder", tmp_path, tmp_path, "audio", **left_out))
    assert sum(map(len, found.values())) == 6
    assert "1 clips are not in labels.csv and left out, such as clips/more.wav" in (
        capsys.readouterr().out
    )


def test_a_changed_label_makes_other_data(tmp_path):
    folder.make_dummy(tmp_path, video=False)
    first = opened.builder("folder", tmp_path, tmp_path, "audio").data_path
    path = tmp_path / labels.FILE
    path.write_text(
        path.read_text().replace(",tense,", ",tents,").replace("votes_tense", "votes_tents")
    )
    assert opened.builder("folder", tmp_path, tmp_path, "audio").data_path != first


def test_the_config_reads_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(REPO)
    folder.make_dummy(tmp_path, video=False)
    config = config_lib.load(f"configs/folder/clips.py:data={tmp_path},tiny,fold=2")
    assert config.task.classes == 2
    assert config.task.model.heads.to_dict() == {"logits": 2, "vad": 2}
    assert config.data.splits.test == "fold2"
    with pytest.raises(ValueError, match=r"which folder\?"):
        config_lib.load("configs/folder/clips.py")
    head = "file,subject,valence,arousal,dominance\n"
    lines = "".join(f"{i}.wav,{i},0.{i},-0.{i},0\n" for i in range(4))
    (tmp_path / labels.FILE).write_text(head + lines)
    config = config_lib.load(f"configs/folder/clips.py:data={tmp_path},tiny")
    assert config.task.call.endswith("Regress")
    assert config.select.metric == "ccc_mean"
    with pytest.raises(ValueError, match="no columns votes_<emotion>"):
        config_lib.load(f"configs/folder/clips.py:data={tmp_path},target=distribution")
