"""Ask a server about a film, a sound, pictures or text: what `--mode=predict` says, from afar.

  python -m affectjax.predict.served --model=runs/quickstart/audio_video/export --input=clip.mp4

Faces are found and windows cut here, as `predict` does it; the export's folder says how (its
assets, not its weights). Any server of the Open Inference Protocol v2 will do. With --save the
requests are written as JSON, a batch of windows a file, for curl to send.
"""

import argparse
import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from affectjax.affect.attributes import KINDS
from affectjax.data.ops import text
from affectjax.evals import intervals
from affectjax.predict import predict

Ask = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
DATATYPES = {"uint8": "UINT8", "int32": "INT32", "float32": "FP32"}
NAMED = {
    "labels": "multilabel_pred",
    "vad": "vad_pred",
    "score": "score_pred",
    "action_units": "action_units_pred",
    **{kind: f"{kind}_probabilities" for kind in KINDS},
    "objects": "contents_pred",
}


def main() -> None:
    """Write <name>.jsonl, .csv, _summary.json and _timeline.png of every file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, type=pathlib.Path, help="folder of the export")
    parser.add_argument("--input", required=True, help="a film, sound, picture, text, or a folder")
    parser.add_argument("--url", default="http://127.0.0.1:8080/v2/models/affect", help="the model")
    parser.add_argument("--output", default="runs/served", type=pathlib.Path, help="results")
    parser.add_argument("--save", action="store_true", help="write the requests beside, for curl")
    parser.add_argument("--hop", default=0.0, type=float, help="seconds between windows")
    add = parser.add_argument
    add("--max_bytes", default=8 << 20, type=int, help="largest request; else fewer rows in each")
    flags = parser.parse_args()
    card = json.loads((flags.model / "assets" / "card.json").read_text())
    save = flags.output if flags.save else None
    ask = over_http(flags.url, list(card["inputs"]), save, flags.max_bytes)
    say = None
    if "say" in card["signatures"]:
        say = over_http(f"{flags.url}-say", list(card["inputs"]), most=flags.max_bytes)
    predict.of_files(predictor(flags.model, ask, flags.hop, say), flags.input, flags.output)


def predictor(
    folder: pathlib.Path, ask: Ask, hop: float = 0.0, say: Ask | None = None
) -> predict.Predictor:
    """What `predict` asks about windows, with a server behind it instead of a run; `say` is the
    model of an export that answers in words.
    """
    card = json.loads((folder / "assets" / "card.json").read_text())
    config = json.loads((folder / "assets" / "config.json").read_text())
    data = config["data"]
    ops = [_own_vocabulary(op, folder / "assets") for op in predict.of_clips(data["eval_ops"])]
    needs = predict.needed(card["inputs"])
    fitted = card["calibration"]
    return predict.Predictor(
        predict=ask,
        ops=tuple(ops),
        needs=needs,
        labels=tuple(card["labels"]),
        plan=None if needs & predict.WINDOWLESS else predict.plan(float(card["fps"]), ops, hop),
        calibration=_served(fitted),
        thresholds=tuple(fitted["thresholds"]) if "thresholds" in fitted else None,
        set_threshold=fitted.get("set_threshold"),
        set_share=fitted.get("set_share"),
        step=card["step"],
        units=tuple(config["task"].get("units", ())),
        attributes=card.get("attributes", {}),
        say=(lambda batch: spoken(say(batch))) if say else None,
    )


def spoken(said: Mapping[str, np.ndarray]) -> list[dict[str, str]]:
    """What `speech.Say` gives of each row, from a server's answer.

    >>> spoken({"emotion": np.array(["awe"]), "because": np.array(["it is wide"])})
    [{'emotion': 'awe', 'because': 'it is wide'}]
    """
    pairs = zip(said["emotion"], said["because"], strict=True)
    return [{"emotion": str(emotion), "because": str(because)} for emotion, because in pairs]


def _served(fitted: Mapping[str, Any]) -> dict[str, Any]:
    """What is left to do: the server's probabilities and its ends of VAD are calibrated."""
    width = next((len(fitted[k]) for k in intervals.KEYS if k in fitted), 0)
    return {"vad_margin": [0.0] * width} if width else {}


def _own_vocabulary(op: Any, assets: pathlib.Path) -> Any:
    """An op that reads text by the vocabulary of the export, which the run's own place may lack."""
    if not isinstance(op, text.Tokens):
        return op
    return dataclasses.replace(op, vocabulary=str(assets / "vocab.txt"))


def over_http(
    url: str, inputs: list[str], save: pathlib.Path | None = None, most: int = 8 << 20
) -> Ask:
    """A function of a batch that sends it to a v2 model and names the answer as a run does.

    A batch whose JSON is larger than `most` bytes is sent in parts, of one row at least.

    Raises (the function):
      ConnectionError: no server there, or it refuses; with its own words.
    """
    import requests

    session, sent, fit = requests.Session(), 0, 1 << 20  # fit: rows that a request may have

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        nonlocal fit
        given = {k: batch[k] for k in inputs}
        rows = len(given[inputs[0]])
        if rows <= fit:
            text = json.dumps(body(given))
            if len(text) <= most or rows == 1:
                return post(text)
            fit = rows // 2
        size = fit
        parts = [ask({k: x[i : i + size] for k, x in given.items()}) for i in range(0, rows, size)]
        return {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}

    def post(text: str) -> dict[str, np.ndarray]:
        nonlocal sent
        if save is not None:
            save.mkdir(parents=True, exist_ok=True)
            (save / f"request_{sent:03}.json").write_text(text)
        sent += 1
        headers = {"content-type": "application/json"}
        try:
            answer = session.post(f"{url}/infer", data=text, headers=headers, timeout=60)
        except requests.RequestException as error:
            raise ConnectionError(f"--url={url}: {error}; is `make serve` running?") from error
        if answer.status_code != 200:
            raise ConnectionError(f"{url} answers {answer.status_code}: {answer.text[:500]}")
        return arrays(answer.json())

    return ask


def body(batch: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The v2 request of a batch; sound to seven decimals, finer than 16 bits."""
    tensors = []
    for name, x in batch.items():
        numbers = np.round(x.astype(np.float64), 7) if x.dtype.kind == "f" else x
        told = {"name": name, "shape": [*x.shape], "datatype": DATATYPES[str(x.dtype)]}
        tensors.append({**told, "data": numbers.ravel().tolist()})
    return {"inputs": tensors}


def arrays(answer: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of a v2 answer by the names that a task's own outputs have."""
    return {
        NAMED.get(o["name"], o["name"]): np.array(o["data"]).reshape(o["shape"])
        for o in answer["outputs"]
    }


if __name__ == "__main__":
    main()
