"""`--mode=predict`: what a trained run says about a user's own film, sound, pictures or text.

Films and sounds are taken window by window; runs that read still pictures: `predict.pictures`;
text, line by line: `predict.texts`.
"""

import collections
import itertools
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from affectjax import config as config_lib
from affectjax import memory
from affectjax.data.ops import labels, people, video, waveform
from affectjax.evals import attributes, calibrate
from affectjax.predict import elements, face, look, media, pictures, speech, texts, told, windows
from affectjax.train import inputs, setup, shard

ROWS = 8  # windows a batch
WINDOWLESS = pictures.KEYS | texts.KEYS  # what is read whole, not window by window
WHOLE = 640  # longest side in pixels of pictures that are more than a face
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f} of {total:.0f} s [{elapsed}, {remaining} left]"


@dataclass(frozen=True)
class Predictor:
    """A trained run, ready to be asked."""

    predict: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    ops: tuple[Any, ...]
    needs: frozenset[str]
    labels: tuple[str, ...]
    plan: Any  # windows.Plan, or None of a run that reads still pictures or text
    calibration: Mapping[str, Any]  # what `calibrate.honest` and `intervals.ends` take
    thresholds: tuple[float, ...] | None
    set_threshold: float | None  # of the sets that hold the true category in set_share of clips
    set_share: float | None
    step: int
    look: Any = None  # look.Look, to explain what is said
    units: tuple[int, ...] = ()  # action units that the run tells of
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)  # their names
    say: speech.Say | None = None  # of a run that answers in words


def predict(
    config: Any,
    workdir: str | os.PathLike[str],
    source: str,
    output: str = "",
    hop: float = 0.0,
    explain: bool = False,
) -> list[dict[str, Any]]:
    """Write <name>.jsonl, .csv, _summary.json and _timeline.png of every file of `source`.

    <name> is the file's without its ending, or with it where two files differ in nothing else; the
    .csv holds what the .jsonl holds. A run that reads still pictures writes one pictures.jsonl and
    .csv instead, one that reads text <name>.jsonl and .csv of a record a line. `output` is
    <workdir>/predict by default, `hop` half a window (seconds). `explain` adds what each answer
    hangs on: a picture <name>_explained.png (of a film's surest window), or `words` in the records
    of text. A file that cannot be read is named, the others are done, and the error is raised at
    the end. Returns the summaries.

    Raises:
      FileNotFoundError: no checkpoint, or nothing at `source`.
      ValueError: files that could not be read or do not fit the model, all listed.
    """
    folder = pathlib.Path(output) if output else pathlib.Path(workdir) / "predict"
    predictor = load(config, workdir, hop, explain)
    if not calibrate.load(pathlib.Path(workdir)):
        print("not calibrated, no VAD intervals: --mode=evaluate fits them", flush=True)
    return of_files(predictor, source, folder)


def of_files(predictor: Predictor, source: str, folder: pathlib.Path) -> list[dict[str, Any]]:
    """Ask a predictor about every file of `source`; writes and raises as `predict`."""
    files = media.files_of(source, endings(predictor))
    folder.mkdir(parents=True, exist_ok=True)
    if predictor.needs & texts.KEYS:
        return texts.predict(predictor, files, folder)
    detect = face.mtcnn() if {"frames", "face", "person"} & predictor.needs else None
    if not predictor.plan:
        return pictures.predict(predictor, files, folder, detect)
    summaries, faults = [], []
    for path, name in zip(files, names_of(files), strict=True):
        try:
            summaries.append(one(predictor, path, folder / name, detect))
        except media.MediaError as error:
            faults.append(str(error))
            print(f"left out: {error}", file=sys.stderr, flush=True)
    if faults:
        raise ValueError(f"{len(faults)} of {len(files)} files failed:\n  " + "\n  ".join(faults))
    return summaries


def load(
    config: Any, workdir: str | os.PathLike[str], hop: float = 0.0, explain: bool = False
) -> Predictor:
    """The selected checkpoint of a run, with its calibration where --mode=evaluate left one.

    Raises:
      FileNotFoundError: no checkpoint.
      ValueError: the calibration is of another checkpoint.
    """
    workdir = pathlib.Path(workdir)
    ops = of_clips(config.data.eval_ops)
    mesh = shard.make_mesh({"data": 1}, jax.local_devices()[:1])
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh)
    step, state = restored["selected"]
    params, spec, asked = state.eval_params, run.spec, itertools.count()
    fitted = calibrate.load_for(workdir, step)
    needs = needed(spec)

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = {k: v for k, v in batch.items() if k in spec or k == "view"}
        with jax.set_mesh(mesh):
            out = {k: np.asarray(v) for k, v in run.predict_step(params, rows).items()}
        if not next(asked):
            memory.give_back()  # what the compiler took
        return out

    return Predictor(
        predict=ask,
        ops=tuple(ops),
        needs=needs,
        labels=inputs.label_names(config),
        plan=None if needs & WINDOWLESS else plan(float(config.data.fps), ops, hop),
        calibration=fitted,
        thresholds=tuple(fitted["thresholds"]) if "thresholds" in fitted else None,
        set_threshold=fitted.get("set_threshold"),
        set_share=fitted.get("set_share"),
        step=step,
        look=look.of_run(run.task, params, lambda: jax.set_mesh(mesh)) if explain else None,
        units=tuple(config.task.get("units", ())),
        attributes=attributes.names(config),
        say=speech.of_run(run.task, params, lambda: jax.set_mesh(mesh), config.seed),
    )


def needed(given: Iterable[str]) -> frozenset[str]:
    """The keys among those of a batch that a user's file must give."""
    return (frozenset({"frames", "face_frames", "audio"}) | WINDOWLESS) & frozenset(given)


def endings(predictor: Predictor) -> frozenset[str]:
    """Endings of the files that a run can be asked about."""
    if predictor.needs & texts.KEYS:
        return texts.ENDINGS
    return media.ENDINGS if predictor.plan else pictures.ENDINGS


def names_of(files: Sequence[pathlib.Path]) -> list[str]:
    """What the results of each file of one folder are called; no two alike.

    >>> names_of([pathlib.Path("a/x.mp4"), pathlib.Path("a/x.wav"), pathlib.Path("a/y.wav")])
    ['x.mp4', 'x.wav', 'y']
    """
    stems = collections.Counter(path.stem for path in files)
    return [path.stem if stems[path.stem] == 1 else path.name for path in files]


def one(
    predictor: Predictor, path: pathlib.Path, results: pathlib.Path, detect: face.Detector | None
) -> dict[str, Any]:
    """Predict one file into `results` + ".jsonl" and so on; returns its summary."""
    from affectjax.predict import table, timeline

    found = media.probe(path)
    said = asked(predictor, found, detect)
    drawn = timeline.Gathered()
    records = []
    lines = results.with_name(f"{results.name}.jsonl")
    with (
        lines.open("w") as file,
        tqdm(total=found.seconds, desc=path.name, file=sys.stderr, bar_format=_BAR) as bar,
    ):
        for window, record in said:
            file.write(json.dumps(record) + "\n")
            records.append(record)
            drawn.add(window)
            bar.update(max(min(window.end, found.seconds) - bar.n, 0))
    if not records:
        raise media.MediaError(f"{path} holds no sound and no picture that could be decoded")
    table.write(results.with_name(f"{results.name}.csv"), records)
    summary = told.summarise(predictor, path, records)
    written = results.with_name(f"{results.name}_summary.json")
    written.write_text(json.dumps(summary, indent=1))
    picture = results.with_name(f"{results.name}_timeline.png")
    timeline.draw(picture, path.name, records, drawn)
    if predictor.look:
        predictor.look.draw_best(results.with_name(f"{results.name}_explained.png"), path.name)
    print(told.tell(summary), flush=True)
    return summary


def asked(
    predictor: Predictor, found: media.Media, detect: face.Detector | None
) -> Iterator[tuple[windows.Window, dict[str, Any]]]:
    """Each window of a film or sound and what is said of it, in order; they are not kept.

    Raises:
      MediaError: the file lacks what the model needs; or, while it is read, it breaks off.
    """
    _check(predictor, found)
    return _records(predictor, _windows(predictor, found, detect))


def of_clips(eval_ops: Any) -> list[Any]:
    """The ops of a config's `data.eval_ops`, without those of labels: a user's clip has none."""
    every = config_lib.build(eval_ops, "config.data.eval_ops")
    return [op for op in every if type(op).__module__ != labels.__name__]


def plan(fps: float, ops: Iterable[Any], hop: float) -> windows.Plan:
    """Length and rate of the windows that a config's evaluation ops take."""
    for op in ops:
        if isinstance(op, video.SampleClip):
            if not fps > 0:
                raise ValueError("config.data.fps is 0: set it to the dataset's frames per second")
            seconds = max(op.count * op.stride / fps, op.samples / media.RATE)
            return windows.Plan(seconds, hop or seconds / 2, fps)
        if isinstance(op, people.SpreadFrames):
            return windows.Plan(op.seconds, hop or op.seconds / 2, fps or 5.0, whole=WHOLE)
        if isinstance(op, waveform.AudioWindow):
            seconds = op.samples / media.RATE
            return windows.Plan(seconds, hop or seconds / 2, fps or 2.0)
    raise ValueError(
        "config.data.eval_ops has no SampleClip, SpreadFrames or AudioWindow to size windows"
    )


def _check(predictor: Predictor, found: media.Media) -> None:
    if "audio" in predictor.needs and not found.has_audio:
        raise media.MediaError(
            f"{found.path} has no sound, and the model hears; use a run with modalities=video"
        )
    if "frames" in predictor.needs and not found.has_video:
        raise media.MediaError(
            f"{found.path} has no film, and the model sees; use a run with modalities=audio"
        )


def _windows(
    predictor: Predictor, found: media.Media, detect: face.Detector | None
) -> Iterator[windows.Window]:
    plan = predictor.plan
    audio = media.sound(found.path) if "audio" in predictor.needs else None
    films = None
    if found.has_video:
        pictures = media.frames(found.path, plan.fps)
        films = windows.with_faces(pictures, detect, plan)
    return windows.cut(audio, films, plan)


def _records(
    predictor: Predictor, cut: Iterable[windows.Window]
) -> Iterator[tuple[windows.Window, dict[str, Any]]]:
    """Windows and what is said of them, a batch of windows at a time, in order."""
    held: list[windows.Window] = []
    for window in cut:
        held.append(window)
        if len(held) == ROWS:
            yield from _batch(predictor, held)
            held = []
    if held:
        yield from _batch(predictor, held)


def _batch(
    predictor: Predictor, held: list[windows.Window]
) -> Iterator[tuple[windows.Window, dict[str, Any]]]:
    whys = [elements.unfit(predictor, window) for window in held]
    fit = [w for w, why in zip(held, whys, strict=True) if not why]
    said: Iterator[dict[str, Any]] = iter(())
    if fit:
        rows = [elements.element(predictor, window) for window in fit]
        rows += [rows[-1]] * (ROWS - len(rows))  # one shape, so one compilation
        out = predictor.predict({k: np.stack([row[k] for row in rows]) for k in rows[0]})
        each = [{k: v[i] for k, v in out.items()} for i in range(len(fit))]
        if predictor.look:
            for window, row, found in zip(fit, rows, each, strict=False):
                predictor.look.keep(f"{window.start:.1f} to {window.end:.1f} s", row, found)
        said = iter(each)
    for window, why in zip(held, whys, strict=True):
        place = {"start": round(window.start, 3), "end": round(window.end, 3)}
        box = None if window.box is None else [round(float(x), 1) for x in window.box]
        record = {**place, "face": box, "modalities": sorted(predictor.needs)}
        yield window, {**record, **({"skipped": why} if why else told.named(predictor, next(said)))}
