"""What goes out: functions served, their bounds and other forms, read by other people's code."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from safetensors import numpy as safetensors

from affectjax.data import wordpiece
from affectjax.evals import calibrate
from affectjax.export import card, saved_model, signatures, stablehlo, texts, warm_up
from affectjax.tasks import classify, multilabel
from affectjax.tasks.ensemble import Ensemble
from affectjax.tasks.inputs import Inputs

SPEC = {
    "audio": jax.ShapeDtypeStruct((4, 4000), np.float32),
    "audio_length": jax.ShapeDtypeStruct((4,), np.int32),
}


class _Heard(nn.Module):
    """The log-mel's mean over time, and a linear head on it."""

    head: str = "logits"

    @nn.compact
    def __call__(self, frames, log_mel, deterministic=True):
        del frames, deterministic
        feature = log_mel.mean(1)
        vad = jnp.tanh(nn.Dense(3, name="vad")(feature))
        return {self.head: nn.Dense(3, name="out")(feature), "vad": vad, "feature": feature}


@pytest.fixture(scope="module")
def task():
    return classify.Classify(_Heard(), Inputs(mel_frames=20, mels=8), classes=3)


@pytest.fixture(scope="module")
def params(task):
    return signatures.flat(jax.device_get(task.init(jax.random.key(0), SPEC)["params"]))


@pytest.fixture(scope="module")
def clips():
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 4000)).astype(np.float32)
    length = np.array([4000, 3000, 2000], np.int32)
    sound[np.arange(4000) >= length[:, None]] = 0
    return {"audio": sound, "audio_length": length}


def test_calibration_is_inside_and_the_same_as_that_of_evaluation(task, params, clips):
    fitted = {"temperature": 2.0, "vad_half_width": [0.1, 0.2, 5.0]}
    said = signatures.predict(task, fitted)(params, clips)
    plain = task.predict({"params": signatures.nested(params)}, clips)
    expected = calibrate.scaled(np.asarray(plain["probabilities"]), 2.0)
    np.testing.assert_allclose(said["probabilities"], expected, atol=1e-6)
    for name, sign in (("vad_low", -1), ("vad_high", 1)):
        ends = np.clip(np.asarray(plain["vad_pred"]) + sign * np.array([0.1, 0.2, 5.0]), -1, 1)
        np.testing.assert_allclose(said[name], ends, atol=1e-6)


def test_labels_that_hold_together_are_present_from_their_threshold(clips):
    task = multilabel.MultiLabel(
        _Heard("multilabel_logits"), Inputs(mel_frames=20, mels=8), labels=["a", "b", "c"]
    )
    params = signatures.flat(task.init(jax.random.key(0), SPEC)["params"])
    said = signatures.predict(task, {"thresholds": [0.0, 0.5, 1.1]})(params, clips)
    assert said["present"][:, 0].all()
    np.testing.assert_array_equal(said["present"][:, 1], said["labels"][:, 1] >= 0.5)
    assert not said["present"][:, 2].any()


def test_members_of_an_ensemble_embed_side_by_side(task, clips):
    many = Ensemble(task, members=2)
    params = signatures.flat(many.init(jax.random.key(0), SPEC)["params"])
    said = signatures.embed(many)(params, clips)["embedding"]
    one = task.inputs(clips)[1].mean(1)
    np.testing.assert_allclose(said, np.concatenate([one, one], -1), atol=1e-6)


def test_stablehlo_answers_for_each_platform_and_any_batch(task, params, clips, tmp_path):
    serve = signatures.predict(task, {})
    lowered = stablehlo.lower(serve, params, SPEC)
    assert lowered.platforms == ("cpu", "cuda", "tpu")
    stablehlo.write(tmp_path / "hlo", {"predict": lowered}, params)
    data = bytearray((tmp_path / "hlo" / "predict.jaxexport").read_bytes())
    read = safetensors.load_file(tmp_path / "hlo" / stablehlo.PARAMS)
    for stop in (1, 3):
        given = {k: v[:stop] for k, v in clips.items()}
        said = jax.export.deserialize(data).call(read, given)
        jax.tree.map(partial(np.testing.assert_allclose, atol=1e-6), said, serve(params, given))


def test_a_saved_model_takes_sound_up_to_the_window_and_refuses_what_is_out_of_bounds(
    task, params, clips, tmp_path
):
    import tensorflow as tf

    serve = signatures.predict(task, {})
    saved_model.save(tmp_path, {"predict": stablehlo.lower(serve, params, SPEC)}, params, SPEC, {})
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    short = {"audio": clips["audio"][1:, :3000], "audio_length": clips["audio_length"][1:]}
    expected = serve(params, {k: v[1:] for k, v in clips.items()})
    found = served(**{k: tf.constant(v) for k, v in short.items()})
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=1e-5)
    bad = {
        "at most 4000 samples": ({"audio": np.zeros((2, 4001), np.float32)}, {}),
        r"within \[-1, 1\]; divide int16": ({"audio": short["audio"] * 32768}, {}),
        "finite": ({"audio": np.full_like(short["audio"], np.nan)}, {}),
        "more than 1024 samples": ({}, {"audio_length": np.array([5, 2000], np.int32)}),
        "at most the samples of": ({}, {"audio_length": np.array([9000, 2000], np.int32)}),
    }
    for message, (audio, length) in bad.items():
        given = {**short, **audio, **length}
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            served(**{k: tf.constant(v) for k, v in given.items()})


def test_tokens_end_at_the_smallest_length_that_holds_them_and_are_refused_out_of_bounds():
    import tensorflow as tf

    spec = {
        "tokens": jax.ShapeDtypeStruct((4, 12), np.int32),
        "token_length": jax.ShapeDtypeStruct((4,), np.int32),
    }
    ids, length = np.array([[2, 6, 3]], np.int32), np.array([3], np.int32)

    def asked(ids, length):
        given = {"tokens": tf.constant(ids), "token_length": tf.constant(length)}
        return saved_model.prepared(given, spec, known=7)["tokens"].numpy().tolist()

    assert texts.lengths(12) == [3, 6, 12]
    assert asked(ids, length) == [[2, 6, 3]]
    assert asked(np.pad(ids, ((0, 0), (0, 5))), length) == [[2, 6, 3]]  # what a server padded
    four = np.array([[2, 6, 5, 3], [2, 6, 3, 0]], np.int32)
    assert asked(four, np.array([4, 3], np.int32)) == np.pad(four, ((0, 0), (0, 2))).tolist()
    assert len(asked(np.ones((1, 12), np.int32), np.array([7], np.int32))[0]) == 12
    for bad, why in (
        ((np.zeros((1, 13), np.int32), length), "at most 12 a row"),
        ((ids + 1, length), "ids below 7, as in vocab.txt"),
        ((ids - 3, length), "ids from 0 on"),
        ((ids, length + 1), "at most those of `tokens`"),
        ((ids, length - 3), "token_length: at least 1"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=why):
            asked(*bad)


VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "glad", "##ness", "g", "x", "##x", "!", "東", "ς")


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "vocab.txt"
    path.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return str(path)


def test_tensorflow_cuts_text_into_the_tokens_of_training(vocabulary):
    import tensorflow as tf

    g = np.random.default_rng(0)
    letters = g.integers(1, 0x30000, (20, 30))
    letters[(letters >= 0xD800) & (letters < 0xE000)] = 33
    given = [
        *("Gladness! GLÁD\tgla\u0301d東x", "glad" * 60, "x" * 100, "x" * 101, "\u200b", "ς ΑΣ Σ"),
        *("".join(map(chr, row)) for row in letters),
        *("".join(row) for row in g.choice([*"gladnesx! É東\n"], (20, 40))),
    ]
    known = {piece: i for i, piece in enumerate(VOCABULARY)}
    for longest in (8, 128):
        table = texts.table(vocabulary)
        found, cut = texts.tokens(tf.constant(given), table, longest, widest=6)
        ids, mask = wordpiece.encode(given, known, longest)
        whole, _ = wordpiece.encode(given, known, 10_000)
        np.testing.assert_array_equal(found["token_length"], mask.sum(1))
        np.testing.assert_array_equal(found["tokens"][:, : ids.shape[1]], ids)
        np.testing.assert_array_equal(cut, (whole != 0).sum(1) > longest)
    long = "x" * (texts.BYTES + 1)
    for bad, why in (([" \n"], "blank"), ([b"\xff"], "Invalid form"), ([long], "at most 65536")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=why):
            texts.tokens(tf.constant(bad), table, 8, widest=6)


def test_a_saved_model_of_text_takes_strings(tmp_path):
    import tensorflow as tf

    spec = {
        "tokens": jax.ShapeDtypeStruct((4, 8), np.int32),
        "token_length": jax.ShapeDtypeStruct((4,), np.int32),
    }
    params = {"weight": np.arange(12, dtype=np.float32)}

    def serve(params, given):
        said = jnp.arange(given["tokens"].shape[1]) < given["token_length"][:, None]
        score = (params["weight"][given["tokens"]] * said).sum(1)
        return {"score": score, "read": jnp.ones_like(given["tokens"]).sum(1)}

    assets = {saved_model.VOCABULARY: "\n".join(VOCABULARY) + "\n"}
    functions = {"predict": stablehlo.lower(serve, params, spec)}
    saved_model.save(tmp_path / "export", functions, params, spec, assets)
    model = tf.saved_model.load(str(tmp_path / "export"))
    assert [p.name for p in (tmp_path / "export" / "assets").iterdir()] == ["vocab.txt"]
    for name in ("serving_default", "predict_text"):
        said = model.signatures[name](text=tf.constant(["Gladness!", "glad " * 9]))
        assert said["score"].numpy().tolist() == [2 + 4 + 5 + 9 + 3, 2 + 6 * 4 + 3]
        assert said["cut"].numpy().tolist() == [False, True]
        assert said["read"].numpy().tolist() == [8, 8]
        short = model.signatures[name](text=tf.constant(["Glad"]))
        assert (short["score"].numpy(), short["read"].numpy()) == (2 + 4 + 3, 3)


def test_warm_up_requests_are_read_by_tensorflow_serving_s_own_classes(tmp_path):
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    spec = {**SPEC, "frames": jax.ShapeDtypeStruct((4, 2, 8, 8, 3), np.uint8)}
    warm_up.write(tmp_path, {"predict": spec, "embed": spec}, (1, 8))
    found = []
    for record in tf.data.TFRecordDataset(str(tmp_path / warm_up.PATH)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        arrays = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        found.append((request.model_spec.signature_name, len(arrays["audio"])))
        for key, of in spec.items():
            assert arrays[key].shape[1:] == of.shape[1:]
            assert arrays[key].dtype == of.dtype
        assert (arrays["audio_length"] == 4000).all()
    assert found == [("predict", 1), ("predict", 8), ("embed", 1), ("embed", 8)]
    assert (tmp_path / warm_up.PATH).stat().st_size < 2000  # constants, not 8 times the frames


def test_texts_are_warmed_at_every_length_that_batches_are_padded_to(tmp_path):
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    ids = {
        "tokens": jax.ShapeDtypeStruct((4, 12), np.int32),
        "token_length": jax.ShapeDtypeStruct((4,), np.int32),
    }
    warm_up.write(tmp_path, {"predict": ids, "predict_text": texts.SPEC}, (1, 2), [3, 12])
    found = []
    for record in tf.data.TFRecordDataset(str(tmp_path / warm_up.PATH)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        arrays = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        if request.model_spec.signature_name == "predict":
            found.append(arrays["tokens"].shape)
            assert arrays["token_length"].tolist() == [found[-1][1]] * found[-1][0]
        else:
            counts = {2 + len(text.split()) for text in arrays["text"]}
            found.append((len(arrays["text"]), *counts))
    assert found == 2 * [(1, 3), (1, 12), (2, 3), (2, 12)]


def test_the_licence_is_that_of_the_data_s_card():
    assert "CC BY-NC-SA" in card.licence("tfds_builders.ravdess.ravdess_dataset_builder")
    assert card.licence("affectjax.data.fake").startswith("not stated")


def test_the_page_of_a_card_says_every_input_and_output():
    vad = SimpleNamespace(dtype="float32", shape=(1, 3))
    told = {
        "model": "m:Net",
        "batch": {"lengths": [3, 6, 12]},
        "data": "tfds_builders.x.x_dataset_builder",
        "data_licence": "CC0",
        "platforms": ["cpu"],
        "inputs": {"audio": card._input("audio", SPEC["audio"])},
        "takes": {"predict_text": {"text": card._input("text", texts.SPEC["text"])}},
        "signatures": {"predict": card._outputs({"vad": vad})},
        "labels": [],
        "vad": None,
        "done_before": [],
        "scores": {"test": {"uar": 0.5}},
        "calibration": {},
        "versions": {},
        "size_mib": 1.0,
        "latency_ms": {1: 2.0},
        "measured": "here",
    }
    page = card.markdown(told)
    for part in (
        "# Net, trained on x",
        "1.0 MiB",
        "2.0 ms at batch 1",
        "`vad` float32 [-1, 3]",
        "CC0",
        "`text` string [-1]",
        "padded to 3, 6, 12 tokens",
    ):
        assert part in page
    assert "beyond 4000 samples" in page
