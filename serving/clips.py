"""What `serving.load` asks a model: noise of its inputs' shapes, or texts."""

import pathlib
from typing import Any

import numpy as np

from serving import batched

Arrays = dict[str, np.ndarray]
CLIPS = 16  # different inputs
SENTENCES = (  # short ones, as people write them, then longer ones, of all lengths in each batch
    "We laughed until we cried.",
    "Why?",
    "I miss her more than I can say.",
    "Not bad, not bad at all!",
    "The train leaves at nine.",
    "Everything is lost.",
    "Naïve of me to think he would call 😔",
    "Leave me alone, all of you.",
    " ".join(["It was the best day of the summer and nobody wanted to go home."] * 2),
    " ".join(["He said nothing for an hour, and then he slammed the door."] * 3),
    " ".join(["I cannot believe that they would do this to us again."] * 4),
    " ".join(["Thank you, thank you so much, I will never forget it."] * 5),
    " ".join(["The report lists twelve causes and names no one."] * 6),
    " ".join(["Something in the cellar moved."] * 12),
    " ".join(["And then it rained, and we danced."] * 12),
    " ".join(["There is a bill, and there is nobody to pay it."] * 20),
)


def make(card: dict[str, Any], signature: str, texts: pathlib.Path | None) -> list[Arrays]:
    """CLIPS inputs of a signature, a row each: texts, those of a file or SENTENCES, or noise.

    Raises:
      ValueError: the file holds no line of text, or one that the model refuses; which, and why.
    """
    if signature == "predict":
        return [_noise(card, seed) for seed in range(CLIPS)]
    lines = texts.read_text(encoding="utf-8").splitlines() if texts else [*SENTENCES]
    said = [line.encode() for line in lines if line.strip()]
    if not said:
        raise ValueError(f"--texts={texts} holds no text; write one a line")
    rows = np.array([said[i % len(said)] for i in range(CLIPS)], object)
    limits = batched.Limits()
    batched.check(
        [batched.tensor("text", card["takes"][signature]["text"])], {"text": rows}, limits
    )
    return [{"text": rows[i : i + 1]} for i in range(CLIPS)]


def _noise(card: dict[str, Any], seed: int) -> Arrays:
    """One row of noise of the card's inputs."""
    g = np.random.default_rng(seed)
    out: Arrays = {}
    for name, of in card["inputs"].items():
        shape = (1, *of["shape"][1:])
        if name == "audio":
            out[name] = g.uniform(-0.5, 0.5, (1, of["longest"])).astype(np.float32)
        elif name == "audio_length":
            out[name] = np.full(1, card["inputs"]["audio"]["longest"], np.int32)
        else:
            out[name] = g.integers(0, 256, shape, dtype=np.uint8)
    return out
