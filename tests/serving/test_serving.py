"""The server's parts that need neither it nor TensorFlow; .ci/run starts and attacks the whole."""

import asyncio
import json

import numpy as np
import pytest

from affectjax.predict import served
from serving import batched, clips, description, limits

INPUTS = (
    batched.Tensor("frames", np.dtype("uint8"), (2, 4, 4, 3)),
    batched.Tensor("audio", np.dtype("float32"), (-1,), longest=4000),
    batched.Tensor("audio_length", np.dtype("int32"), ()),
)
GOOD = {
    "frames": np.zeros((2, 2, 4, 4, 3), np.uint8),
    "audio": np.full((2, 3000), 0.5, np.float32),
    "audio_length": np.array([3000, 2000], np.int32),
}


def test_a_request_is_padded_to_the_window_that_batches_have():
    given = batched.check(INPUTS, GOOD, batched.Limits())
    assert given["audio"].shape == (2, 4000)
    assert (given["audio"][:, :3000] == 0.5).all()
    assert not given["audio"][:, 3000:].any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"audio": np.full((2, 3000), np.nan, np.float32)}, "finite"),
        ({"audio": np.full((2, 3000), 9000, np.float32)}, "divide int16 by 32768"),
        ({"audio": np.zeros((2, 4001), np.float32)}, r"shape \(rows, n\), n at most 4000"),
        ({"audio": np.zeros((2, 3000))}, "audio: the datatype is float32, got float64"),
        ({"audio_length": np.array([3001, 2000], np.int32)}, "at most the 3000 of audio"),
        ({"audio_length": np.array([1024, 2000], np.int32)}, "audio_length: at least 1025"),
        ({"audio_length": np.zeros(3, np.int32)}, "the same 1 to 64"),
        ({"frames": np.zeros((2, 2, 5, 4, 3), np.uint8)}, r"frames: shape \(rows, 2, 4, 4, 3\)"),
        ({"more": np.zeros(2)}, "the model takes"),
    ],
)
def test_a_request_out_of_bounds_is_told_which_input_and_why(changed, message):
    with pytest.raises(batched.BadRequest, match=message):
        batched.check(INPUTS, {**GOOD, **changed}, batched.Limits())


TEXT = (batched.Tensor("text", np.dtype(object), (), bytes=40),)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([b"glad", "süß".encode()], ""),
        ([b"glad", " \u2003\n".encode()], "row 1 is blank"),
        ([b"glad", b"\xff"], "row 1 is not UTF-8"),
        ([b"glad", b"x" * 41], "row 1 has 41 bytes, at most 40; cut it"),
        ([b"glad"] * 65, "the same 1 to 64"),
    ],
)
def test_texts_are_not_blank_and_are_utf_8(rows, message):
    given = {"text": np.array(rows, object)}
    if not message:
        assert batched.check(TEXT, given, batched.Limits())["text"].tolist() == rows
        return
    with pytest.raises(batched.BadRequest, match=message):
        batched.check(TEXT, given, batched.Limits())


def test_tokens_are_padded_and_within_the_vocabulary():
    inputs = (
        batched.Tensor("tokens", np.dtype("int32"), (-1,), longest=6, below=9),
        batched.Tensor("token_length", np.dtype("int32"), ()),
    )
    good = {"tokens": np.array([[2, 8, 3]], np.int32), "token_length": np.array([3], np.int32)}
    assert batched.check(inputs, good, batched.Limits())["tokens"].tolist() == [[2, 8, 3, 0, 0, 0]]
    for name, change in (("tokens", 1), ("tokens", -3), ("token_length", 1), ("token_length", -3)):
        with pytest.raises(batched.BadRequest, match=f"{name}: "):
            batched.check(inputs, {**good, name: good[name] + np.int32(change)}, batched.Limits())


def test_texts_to_ask_are_those_of_a_file_or_the_built_in_ones_and_none_that_is_refused(tmp_path):
    card = {"takes": {"predict_text": {"text": {"dtype": "string", "shape": [-1], "bytes": 2000}}}}
    built_in = clips.make(card, "predict_text", None)
    assert len({text["text"][0] for text in built_in}) == clips.CLIPS
    path = tmp_path / "said.txt"
    path.write_text("one\n\ntwo\n", encoding="utf-8")
    said = [clip["text"].tolist() for clip in clips.make(card, "predict_text", path)]
    assert said == [[b"one"], [b"two"]] * 8
    for text, why in (("\n \n", "holds no text"), ("x" * 2001, "has 2001 bytes")):
        path.write_text(text)
        with pytest.raises(ValueError, match=why):
            clips.make(card, "predict_text", path)


async def _app(scope, receive, send):
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _status(parts, headers=(), pause=0.0):
    """The status of a request whose body comes in parts."""
    sent, left = [], list(parts)

    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    app = limits.Bounded(_app, size=10, seconds=0.05)
    asyncio.run(app({"type": "http", "headers": list(headers)}, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_bodies_are_bounded_in_size_and_in_time():
    assert _status([b"12345", b"67890"]) == (200, b"1234567890")
    assert _status([b""], [(b"content-length", b"81")])[0] == 413, "more than is worth reading"
    assert _status([b"12345"] * 3)[0] == 413, "though no length was declared"
    status, text = _status([b"1"] * 9, pause=0.02)
    assert status == 408
    assert json.loads(text)["error"] == "the body did not arrive within 0.05 s"


def test_the_client_s_json_says_every_sample_to_less_than_half_a_step_of_16_bits():
    sound = np.random.default_rng(0).uniform(-1, 1, (2, 50)).astype(np.float32)
    told = json.loads(
        json.dumps(served.body({"audio": sound, "audio_length": GOOD["audio_length"]}))
    )
    audio, length = told["inputs"]
    assert (audio["datatype"], audio["shape"]) == ("FP32", [2, 50])
    assert (length["datatype"], length["data"]) == ("INT32", [3000, 2000])
    assert np.abs(np.array(audio["data"]).reshape(2, 50) - sound).max() < 1e-7


def test_the_answer_has_the_names_of_a_run_s_own_outputs():
    answer = {"outputs": [{"name": "vad", "shape": [1, 2], "data": [0.5, -0.5]}]}
    assert served.arrays(answer)["vad_pred"].tolist() == [[0.5, -0.5]]


def test_a_server_that_is_not_there_is_said_so():
    ask = served.over_http("http://127.0.0.1:9/v2/models/affect", ["audio"])
    with pytest.raises(ConnectionError, match="is `make serve` running"):
        ask({"audio": np.zeros((1, 3), np.float32)})


def test_a_batch_beyond_the_server_s_limit_is_sent_in_parts_and_answered_in_order(monkeypatch):
    import requests

    sent = []

    def post(self, url, data, headers, timeout):
        asked = json.loads(data)["inputs"][0]
        sent.append(len(data))
        vad = {"name": "vad", "shape": [asked["shape"][0], 1], "data": asked["data"][::50]}
        answer = requests.Response()
        answer.status_code, answer._content = 200, json.dumps({"outputs": [vad]}).encode()
        return answer

    monkeypatch.setattr(requests.Session, "post", post)
    ask = served.over_http("http://here", ["audio"], most=1000)
    batch = {"audio": np.repeat(np.arange(7, dtype=np.float32)[:, None], 50, 1)}
    for _ in range(2):
        assert ask(batch)["vad_pred"].ravel().tolist() == [*range(7)]
    assert len(sent) == 2 * 3, "of three rows, three and one"
    assert max(sent) <= 1000


def test_the_description_says_every_status_that_the_server_answers():
    bare = {"responses": {"200": {}, "422": {}}}
    paths = {
        "/v2/models/{model_name}/infer": {"post": bare},
        "/v2/health/live": {"get": dict(bare)},
    }
    told = description.described(json.loads(json.dumps({"paths": paths})))["paths"]
    infer, live = (
        set(told[path][how]["responses"]) for path, how in zip(paths, ("post", "get"), strict=True)
    )
    assert infer == {"200", "400", "404", "408", "413", "500", "503", "504"}
    assert live == {"200", "400", "408", "413", "503"}
