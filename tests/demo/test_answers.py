"""What the page says of a file, with runs that answer at once; tests.demo.drive has the browser."""

import av
import numpy as np
import pytest

from affectjax.data.ops import waveform
from affectjax.predict import media, predict, windows
from affectjax.report import player
from demo import answers, runs
from tfds_builders.affect_synth import film

LABELS = ("calm", "glad", "sad")
TONE = 0.1 * np.sin(np.arange(3 * media.RATE) * 0.1)


def _run(name, *needs):
    def say(batch):
        count = len(batch["audio"])
        shares = np.tile(np.array([0.2, 0.7, 0.1], np.float32), (count, 1))
        return {"probabilities": shares, "vad_pred": np.tile([0.3, -0.2, 0.1], (count, 1))}

    predictor = predict.Predictor(
        predict=say,
        ops=(waveform.AudioWindow(samples=media.RATE),),
        needs=frozenset(needs),
        labels=LABELS,
        plan=windows.Plan(1.0, 0.5, 5.0),
        calibration={"vad_half_width": [0.1, 0.5, 0.5]},
        thresholds=None,
        set_threshold=0.15,
        set_share=0.9,
        step=7,
    )
    return runs.Run(name, "drawn", predictor)


def _page(folder, *found, seconds=10.0):
    return answers.Answerer(found, lambda picture: [], folder, answers.Limits(seconds))


@pytest.fixture
def both(tmp_path):
    shades = np.stack([np.full((48, 64, 3), 20 + 6 * i, np.uint8) for i in range(30)])
    return film.write(tmp_path / "both.mp4", shades, np.arange(30) / 10, TONE)


def test_a_sound_is_answered_in_numbers_and_in_words_and_can_be_played(tmp_path):
    path = film.write(tmp_path / "voice.wav", sound=TONE)
    page = _page(tmp_path / "copies", _run("ears", "audio"))
    *waiting, said = answers.answer(page, path)
    shares = [step["share"] for step in waiting]
    assert {step["state"] for step in waiting} == {"working"}
    assert shares == sorted(shares)
    assert (said["state"], said["emotion"], said["run"]["name"]) == ("done", "glad", "ears")
    first = said["windows"][0]
    assert first["shares"] == pytest.approx([0.2, 0.7, 0.1])
    assert first["words"]["set"] == "Glad or calm: it cannot tell which."
    assert first["words"]["valence"] == "pleasant: +0.30, between +0.20 and +0.40"
    assert first["words"]["arousal"].startswith("rather calm, but perhaps excited: −0.20")
    with av.open(str(page.folder / said["copy"])) as container:
        assert container.duration / av.time_base == pytest.approx(3.0, abs=0.1)


def test_a_film_without_a_face_is_answered_by_the_run_that_hears_and_that_is_said(tmp_path, both):
    page = _page(tmp_path / "copies", _run("all", "audio", "frames"), _run("ears", "audio"))
    *_, said = answers.answer(page, both)
    assert said["run"]["name"] == "ears"
    assert said["notes"] == ["all sees and hears: no face found"]
    assert said["shape"] == [64, 48]
    *_, said = answers.answer(_page(tmp_path / "copies", _run("all", "audio", "frames")), both)
    assert said["state"] == "failed"
    assert "all sees and hears: no face found" in said["text"]


def test_each_bad_file_is_refused_by_name_with_the_remedy(tmp_path):
    page = _page(tmp_path / "copies", _run("ears", "audio"), seconds=2.0)
    mute = film.write(tmp_path / "mute.mp4", np.zeros((4, 48, 64, 3), np.uint8), [0, 0.3, 0.6, 0.9])
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "notes.txt").write_text("x")
    for name, why in (
        (mute.name, "has no sound, and every model here needs it (ears hears)"),
        ("text.mp4", "not a whole media file"),
        ("notes.txt", "These endings are read: .3gp, .aac"),
        (film.write(tmp_path / "long.wav", sound=TONE).name, "up to 2 s"),
    ):
        *_, said = answers.answer(page, tmp_path / name)
        assert said["state"] == "failed"
        assert said["title"].startswith(name)
        assert why in said["text"]
        assert str(tmp_path) not in said["text"]


def test_only_the_latest_copies_are_kept(tmp_path):
    found = media.probe(film.write(tmp_path / "voice.wav", sound=TONE[:4000]))
    page = _page(tmp_path / "copies")
    names = [answers.copy(page, found)[0] for _ in range(answers.KEPT + 2)]
    assert sorted(p.name for p in page.folder.iterdir()) == sorted(names[2:])


def test_a_long_film_s_sound_lies_beside_its_pictures(tmp_path):
    pictures = (np.full((32, 32, 3), i % 250, np.uint8) for i in range(400))
    pieces = (np.zeros(media.RATE // 10, np.float32) for _ in range(400))
    player.write(str(tmp_path / "long.webm"), pictures, 10, pieces)
    reached = {"video": 0.0, "audio": 0.0}
    with av.open(str(tmp_path / "long.webm")) as container:
        for packet in container.demux():
            if packet.pts is not None:
                reached[packet.stream.type] = float(packet.pts * packet.time_base)
                assert abs(reached["video"] - reached["audio"]) < 1.5, reached
    assert min(reached.values()) > 39
