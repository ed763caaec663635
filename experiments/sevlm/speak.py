"""What a trained run says of the pictures of a split, beside what people said.

  python -m experiments.sevlm.speak --config=configs/sevlm/artemis.py:init=... --workdir=runs/sevlm

Generates a text for each picture as config.task.saying has it, writes <workdir>/said_<split>.jsonl,
a line a picture, and prints and writes <workdir>/said_<split>.json: `emotion`, the share of
pictures with one emotion in front whose text names it, and their number; `one_of`, the share of all
whose text names an emotion that somebody named; BLEU-1 to 4 and ROUGE-L of the reasons against
those of all annotators (`metrics.overlap`; small letters, without signs); `unique`, the share of
texts that are said of one picture only. With --meteor also METEOR 1.5 of the same words, by its
authors' program as COCO's captioning code calls it: the package pycocoevalcap has the program and
its tables (`pip install --no-deps pycocoevalcap==1.2`, 104 MB), Java runs it.
"""

import collections
import contextlib
import importlib.util
import itertools
import json
import pathlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from absl import app, flags

from affectjax import config as config_lib
from affectjax.data import pipeline, wordpiece
from affectjax.metrics import overlap
from affectjax.predict import pictures, predict
from affectjax.train import inputs

Record = dict[str, Any]


def said(predictor: Any, examples: Iterable[Any], names: Sequence[str]) -> Iterator[Record]:
    """What is said of each stored example, {"emotion", "because"}, and what `people` said."""
    rest = iter(examples)
    while some := list(itertools.islice(rest, pictures.ROWS)):
        elements = [
            pipeline.apply(predictor.ops, {"image": e["image"]}, np.random.default_rng(0))
            for e in some
        ]
        rows = [element["image"] for element in elements]
        rows += [rows[-1]] * (pictures.ROWS - len(rows))  # one shape, so one compilation
        for example, told in zip(some, predictor.say({"image": np.stack(rows)}), strict=False):
            pairs = zip(example["emotions"], example["utterances"], strict=True)
            people = [[names[int(i)], bytes(text).decode()] for i, text in pairs]
            yield {"id": bytes(example["clip_id"]).decode(), **told, "people": people}


def scores(records: Sequence[Record]) -> dict[str, float]:
    """The scores of some records.

    Raises:
      ValueError: no record.
    """
    if not records:
        raise ValueError("nothing to score: the split is empty")
    counts = [collections.Counter(name for name, _ in r["people"]) for r in records]
    clear = [
        r["emotion"] == c.most_common(1)[0][0]
        for r, c in zip(records, counts, strict=True)
        if [*c.values()].count(max(c.values())) == 1
    ]
    reasons = [_words(r["because"]) for r in records]
    references = [[_words(text) for _, text in r["people"]] for r in records]
    times = collections.Counter((r["emotion"], r["because"]) for r in records)
    each = [overlap.rouge_l(*pair) for pair in zip(reasons, references, strict=True)]
    return {
        "pictures": len(records),
        "clear": len(clear),
        "emotion": float(np.mean(clear)) if clear else float("nan"),
        "one_of": float(np.mean([r["emotion"] in c for r, c in zip(records, counts, strict=True)])),
        **{f"bleu_{n}": x for n, x in enumerate(overlap.bleu(reasons, references), 1)},
        "rouge_l": float(np.mean(each)),
        "unique": sum(n == 1 for n in times.values()) / len(records),
    }


def meteor(records: Sequence[Record], *more: str) -> dict[str, float]:
    """`meteor`: METEOR 1.5 (Denkowski & Lavie 2014) of the reasons, English, all records together.

    Exact words, stems, WordNet's synonyms and paraphrases, with the weights tuned for ranking; of
    the summed statistics, not the mean of the records' scores. `more` are flags of the program.

    Raises:
      FileNotFoundError: no pycocoevalcap, or no Java.
      RuntimeError: the program died; with its own words.
    """
    package = importlib.util.find_spec("pycocoevalcap")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("--meteor: pip install --no-deps pycocoevalcap==1.2, which has it")
    if not shutil.which("java"):
        raise FileNotFoundError("--meteor: METEOR's program runs by Java; put `java` into the PATH")
    jar = f"{package.submodule_search_locations[0]}/meteor/meteor-1.5.jar"
    command = ["java", "-Xmx2G", "-jar", jar, "-", "-", "-stdio", "-l", "en", "-norm", *more]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program: Any
    with subprocess.Popen(command, encoding="utf-8", **pipes) as program:

        def ask(*parts: str) -> str:
            program.stdin.write(" ||| ".join(parts) + "\n")
            program.stdin.flush()
            return program.stdout.readline().strip()

        try:
            each = []
            for r in records:
                texts = [text for _, text in r["people"]] + [r["because"]]
                each.append(ask("SCORE", *(" ".join(_words(text)) for text in texts)))
            ask("EVAL", *each)  # a score of each record, then that of all
            told = [program.stdout.readline() for _ in records]
            return {"meteor": float(told[-1])}
        except (ValueError, OSError) as error:
            program.kill()
            with contextlib.suppress(OSError):  # of what it did not read
                program.stdin.close()
            raise RuntimeError(f"METEOR's program ended: {program.stderr.read()}") from error


def _words(text: str) -> list[str]:
    return [word for word in wordpiece.words(text) if word.isalnum()]


def main(argv: list[str]) -> None:
    """Generate, score, write and print."""
    del argv
    f = flags.FLAGS
    config, folder = config_lib.load(f.config), pathlib.Path(f.workdir)
    predictor = predict.load(config, folder)
    if predictor.say is None:
        raise app.UsageError(f"--config={f.config} is of a run that says nothing in words")
    examples = inputs.open_split(config, f.split)
    some = (examples[i] for i in range(min(len(examples), f.most or len(examples))))
    records = list(said(predictor, some, inputs.label_names(config)))
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / f"said_{f.split}.jsonl").write_text(lines, encoding="utf-8")
    told = {"step": predictor.step, **scores(records), **(meteor(records) if f.meteor else {})}
    (folder / f"said_{f.split}.json").write_text(json.dumps(told, indent=1))
    print(
        "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in told.items())
    )


if __name__ == "__main__":
    flags.DEFINE_string("config", None, "of the run", required=True)
    flags.DEFINE_string("workdir", None, "of the run", required=True)
    flags.DEFINE_string("split", "test", "of the config's splits")
    flags.DEFINE_bool("meteor", False, "also METEOR 1.5, which wants pycocoevalcap and Java")
    flags.DEFINE_integer("most", 0, "pictures, the first ones; 0: all", 0)
    app.run(main)
