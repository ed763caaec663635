"""Decoding: rates, channels, uneven timestamps, files cut short, and what is refused."""

import av
import numpy as np
import pytest
import soundfile
from av.video import reformatter

from affectjax.predict import media, predict, windows
from tests.predict import clips
from tfds_builders.affect_synth import film


def _shades(count, h=48, w=64):
    return np.stack([np.full((h, w, 3), 20 + 10 * i, np.uint8) for i in range(count)])


def test_uneven_timestamps_come_out_on_a_regular_grid(tmp_path):
    times = [0.0, 0.1, 0.5, 0.6, 1.2]
    path = film.write(tmp_path / "vfr.mp4", _shades(5), times)
    got = [(round(t, 2), round((p.mean() - 20) / 10)) for t, p in media.frames(path, fps=5.0)]
    shown = {0.0: 0, 0.2: 1, 0.4: 1, 0.6: 3, 0.8: 3, 1.0: 3, 1.2: 4}
    assert [(t, n) for t, n in got if t in shown] == list(shown.items())


def test_sound_of_any_rate_and_channels_is_mono_at_16_khz(tmp_path):
    seconds, rate = 1.5, 44_100
    t = np.arange(int(seconds * rate)) / rate
    left, right = 0.5 * np.sin(2 * np.pi * 440 * t), np.zeros_like(t)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([left, right], 1), rate)
    got = np.concatenate(list(media.sound(path)))
    assert len(got) == pytest.approx(seconds * 16_000, abs=40)
    assert got.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(got))
    assert np.fft.rfftfreq(len(got), 1 / 16_000)[spectrum.argmax()] == pytest.approx(440, abs=1)
    assert np.abs(got[2000:-2000]).max() == pytest.approx(0.25, abs=0.02)  # mean of both channels


def test_sound_and_film_share_their_beginning_and_gaps_are_silent(tmp_path):
    tone = np.full((1, 16_000), 0.5, np.float32)
    late = film.write(tmp_path / "late.mkv", _shades(2), [1.0, 1.1], tone)
    seen = list(media.frames(late, fps=10.0))
    assert len(seen) == 12  # the first picture until 1.1 s, the second from then on
    assert seen[10][1].mean() < 25 < seen[11][1].mean()
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start in (0, 1000, 18_000, 19_000):  # a second without sound between
            frame = av.AudioFrame.from_ndarray(np.full((1, 1000), 8000, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 16_000, start
            container.mux(stream.encode(frame))
    got = np.concatenate(list(media.sound(path)))
    assert len(got) == pytest.approx(20_000, abs=32)
    assert not got[2100:17_900].any()
    assert got[:1900].min() > 0.2 < got[18_100:19_900].min()


def test_a_film_knows_what_it_holds(tmp_path):
    tone = 0.1 * np.sin(np.arange(16_000) * 0.1)
    both = media.probe(film.write(tmp_path / "both.mp4", _shades(4), [0, 0.3, 0.6, 0.9], tone))
    mute = media.probe(film.write(tmp_path / "mute.mp4", _shades(4), [0, 0.3, 0.6, 0.9]))
    voice = media.probe(film.write(tmp_path / "voice.m4a", sound=tone))
    assert (both.has_video, both.has_audio) == (True, True)
    assert (mute.has_video, mute.has_audio) == (True, False)
    assert (voice.has_video, voice.has_audio) == (False, True)


def test_damaged_and_empty_files_are_named(tmp_path):
    path = film.write(tmp_path / "film.mp4", _shades(4), [0, 0.3, 0.6, 0.9])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("no film")
    for name, why in (
        ("cut.mp4", "neither film nor sound|whole media"),
        ("empty.wav", "empty"),
        ("text.mp4", "whole"),
    ):
        with pytest.raises(media.MediaError, match=why) as error:
            media.probe(tmp_path / name)
        assert name in str(error.value)


def test_samples_that_are_not_finite_are_refused_with_their_time(tmp_path):
    values = np.zeros(32_000, np.float32)
    values[20_000] = np.nan
    soundfile.write(tmp_path / "nan.wav", values, 16_000, subtype="FLOAT")
    with pytest.raises(media.MediaError, match="not finite"):
        list(media.sound(tmp_path / "nan.wav"))


def test_what_is_no_media_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        media.files_of(tmp_path / "absent.mp4")
    with pytest.raises(FileNotFoundError, match="no media in it"):
        media.files_of(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(media.MediaError, match="ending is none of"):
        media.files_of(tmp_path / "notes.txt")
    for name in ("b.wav", "a.mp4", "notes.txt"):
        (tmp_path / name).write_text("x")
    assert [p.name for p in media.files_of(tmp_path)] == ["a.mp4", "b.wav"]


def test_a_wav_shorter_than_its_header_says_is_refused(tmp_path):
    whole = film.write(tmp_path / "a.wav", sound=np.zeros((1, 16_000)))
    assert media.probe(whole).seconds == pytest.approx(1)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:16_000])
    with pytest.raises(media.MediaError, match=r"cut.wav is cut short: 16000 bytes"):
        media.probe(cut)


def test_a_phone_video_held_upright_is_seen_upright(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = 200  # the left top quarter, the right top one after a clockwise turn
    pictures = np.stack([picture] * 4)
    times = [0.0, 0.1, 0.4, 0.5]
    plain = film.write(tmp_path / "plain.mp4", pictures, times)
    turned = clips.show(film.write(tmp_path / "turned.mp4", pictures, times), *clips.TURNED)
    before, after = (list(media.frames(path, 10)) for path in (plain, turned))
    assert [t for t, _ in before] == [t for t, _ in after]
    assert after[0][1].shape == (64, 48, 3)
    np.testing.assert_array_equal(after[0][1], np.rot90(before[0][1], -1))
    assert after[0][1][:32, 24:].mean() > 180
    mirrored = clips.show(film.write(tmp_path / "mirror.mp4", pictures, times), *clips.MIRRORED)
    np.testing.assert_array_equal(next(media.frames(mirrored, 10))[1], before[0][1][:, ::-1])


TURNS = ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))
MIRRORS = ((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0))


@pytest.mark.parametrize("matrix", TURNS + MIRRORS)
def test_every_quarter_turn_and_mirror_moves_pixels_as_its_matrix_says(matrix):
    a, b, c, d = matrix
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    y, x = np.mgrid[:2, :3]
    there = np.stack([b * x + d * y, a * x + c * y])  # rows, columns
    there -= there.min(axis=(1, 2), keepdims=True)
    shown = np.zeros(there.max(axis=(1, 2)) + 1, np.uint8)
    shown[tuple(there)] = picture[..., 0]
    got = media.turned(picture, np.array([a, b, 0, c, d, 0, 0, 0, 1]))
    np.testing.assert_array_equal(got[..., 0], shown)


def _grey(code, trc, primaries):
    """A picture of one grey of 10 bits, `code` of its range from black to white."""
    frame = av.VideoFrame(32, 32, "yuv420p10le")
    for plane, level in zip(frame.planes, (64 + 876 * code, 512, 512), strict=True):
        np.frombuffer(plane, np.uint16)[:] = round(level)
    frame.color_trc, frame.color_primaries, frame.colorspace = trc, primaries, primaries
    frame.color_range = reformatter.ColorRange.MPEG
    return frame


def test_hdr_is_shown_as_on_a_common_screen():
    # ITU-R BT.2408: the white of paper is 75% of HLG.
    colours = reformatter.VideoReformatter()
    hlg = [media._upright(_grey(code, 18, 9), colours)[16, 16] for code in (0.0, 0.75)]
    np.testing.assert_allclose(hlg, [[0] * 3, [255] * 3], atol=3)
    plain = media._upright(_grey(0.5, 1, 1), colours)
    np.testing.assert_allclose(plain[16, 16], [128] * 3, atol=2)


def test_a_model_that_needs_what_the_file_lacks_says_which_run_to_use(tmp_path):
    mute = film.write(tmp_path / "mute.mp4", _shades(4), [0, 0.3, 0.6, 0.9])
    voice = film.write(tmp_path / "voice.wav", sound=np.zeros((1, 16_000)))
    both = predict.Predictor(
        predict=lambda batch: batch,
        ops=(),
        needs=frozenset({"audio", "frames"}),
        labels=(),
        plan=windows.Plan(1.0, 0.5, 10.0),
        calibration={},
        thresholds=None,
        set_threshold=None,
        set_share=None,
        step=0,
    )
    for path, hint in ((mute, "modalities=video"), (voice, "modalities=audio")):
        with pytest.raises(media.MediaError, match=hint):
            predict.one(both, path, tmp_path, None)


def test_sound_beyond_full_scale_is_cut_to_it(tmp_path):
    soundfile.write(tmp_path / "loud.wav", np.full(16_000, 1.7), 16_000, subtype="FLOAT")
    heard = np.concatenate(list(media.sound(tmp_path / "loud.wav")))
    assert heard.max() == heard.min() == 1.0
