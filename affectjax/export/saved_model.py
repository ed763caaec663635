"""`--mode=export`: a trained run as a TensorFlow SavedModel, checked in a process without JAX."""

import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from affectjax import config as config_lib
from affectjax.data import reasons
from affectjax.data.ops import text, video
from affectjax.evals import calibrate
from affectjax.export import card as card_lib
from affectjax.export import fresh, sentences, signatures, stablehlo, texts, warm_up
from affectjax.train import inputs, setup, shard

TOLERANCE = 1e-4
CLIPS = 3  # of validation, that the export is compared with the run on
VOCABULARY = "vocab.txt"  # the asset that says what the ids of `tokens` are
DEFAULT = "serving_default"  # TensorFlow's name of what is asked where no signature is named


def export(config: Any, workdir: str | os.PathLike[str], output: str = "") -> dict[str, float]:
    """Write <workdir>/export (or `output`) and compare it with the run on real clips.

    Signatures `predict` (and `serving_default`, the same) and `embed`, batch free, for cpu, cuda
    and tpu. They take what the model reads of: `frames` and `face_frames` uint8 (b, t, h, w, 3)
    RGB, `image`, `face` and `person` uint8 (b, h, w, 3), `audio` float32 (b, s) at 16 kHz in
    [-1, 1], s up to the model's window, with `audio_length` int32 (b), `tokens` int32 (b, n), n up
    to the longest text, with `token_length` int32 (b). Of a model of text `serving_default` is
    `predict_text`, which takes `text`, strings (b); its batches are as long as the smallest of
    `texts.lengths` that holds them. A model that answers in words also has `say`. What they answer
    is `signatures.OUTPUTS`. Log-mel, normalisation and calibration are inside. Assets: card.json,
    card.md, labels.txt, vad.json, config.json, of a model of text vocab.txt, of one that says
    something pieces.txt, of one of attributes attributes.json, their names; assets.extra holds
    requests for warming up, stablehlo the same functions for jax alone.

    Returns the largest difference to the run's own outputs, by output.

    Raises:
      FileNotFoundError: no checkpoint.
      FileExistsError: the folder is not empty.
      ValueError: the task has nothing to serve, the calibration is of another checkpoint, or the
        outputs differ by more than 1e-4.
    """
    workdir = pathlib.Path(workdir)
    folder = pathlib.Path(output) if output else workdir / "export"
    _refuse(config, workdir, folder)
    mesh = shard.make_mesh({"data": 1}, jax.local_devices()[:1])
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh)
        step, state = restored["selected"]
        params = signatures.flat(jax.device_get(state.eval_params))
    fitted = calibrate.load_for(workdir, step)
    serve, form = signatures.every(run.task, fitted), sentences.form(run.task)
    spec = {k: run.spec[k] for k in signatures.INPUTS if k in run.spec}
    reader = texts.reader(config)
    given = texts.real(config, reader, CLIPS) if reader else []
    clips, cut = texts.read(reader, given) if reader else (_real_clips(config, spec), None)
    expected = {k: jax.device_get(jax.jit(f)(params, clips)) for k, f in serve.items()}
    specs: dict[str, Mapping[str, Any]] = dict.fromkeys(expected, spec)
    if reader:
        expected[texts.SIGNATURE] = {**expected["predict"], "cut": cut}
        specs[texts.SIGNATURE] = texts.SPEC
    if form:
        own = expected[sentences.SIGNATURE]
        own |= sentences.texts(run.task, own["said"])
    card = card_lib.make(config, workdir, specs, expected, step)
    functions = {k: stablehlo.lower(f, params, spec) for k, f in serve.items()}
    save(folder, functions, params, spec, _assets(card, reader, form, config), form)
    stablehlo.write(folder / "stablehlo", functions, params)
    first = texts.SIGNATURE if reader else "predict"
    lengths = texts.lengths(reader.longest) if reader else ()
    warm_up.write(folder, {DEFAULT: specs[first], **specs}, card_lib.BUCKETS, lengths)
    loose = _open_to_rounding(expected["predict"], fitted)
    parts = texts.parts(clips) if reader else fresh.parts(clips)
    told, milliseconds = fresh.compare(folder, clips, expected, loose, parts, given)
    _measured(folder, card, milliseconds)
    print(tell(folder, told, len(next(iter(clips.values())))), flush=True)
    if max(told.values()) > TOLERANCE:
        raise ValueError(f"{folder} differs from the run by {told}, more than {TOLERANCE}")
    return told


def save(
    folder: pathlib.Path,
    functions: Mapping[str, jax.export.Exported],
    params: Mapping[str, np.ndarray],
    spec: Mapping[str, jax.ShapeDtypeStruct],
    assets: Mapping[str, str],
    form: reasons.Form | None = None,
) -> None:
    """Write the SavedModel: parameters as variables, the functions as StableHLO inside.

    With vocab.txt among the assets it also has `texts.SIGNATURE`; with the form of what is said,
    and pieces.txt, `sentences.SIGNATURE` answers in text.
    """
    import tensorflow as tf

    module = tf.Module()
    module.params = {k: tf.Variable(v) for k, v in params.items()}
    signature = {k: tf.TensorSpec(_free(k, s), s.dtype, name=k) for k, s in spec.items()}
    pieces = assets.get(VOCABULARY, "").split("\n")[:-1]
    served = {k: _served(f, module, spec, len(pieces)) for k, f in functions.items()}
    first = "predict"
    with tempfile.TemporaryDirectory() as scratch:
        module.assets = []
        for name, text in assets.items():
            path = pathlib.Path(scratch) / name
            path.write_text(text, encoding="utf-8")
            module.assets.append(tf.saved_model.Asset(str(path)))
        if form:
            words = str(pathlib.Path(scratch) / sentences.PIECES)
            module.pieces = texts.table(words, of_ids=True)
            generate = served[sentences.SIGNATURE]
            served[sentences.SIGNATURE] = sentences.served(generate, module.pieces, form)
        module.served = served
        concrete = {k: f.get_concrete_function(**signature) for k, f in served.items()}
        if pieces:
            first, longest = texts.SIGNATURE, spec["tokens"].shape[1]
            module.vocabulary = texts.table(str(pathlib.Path(scratch) / VOCABULARY))
            module.read = texts.served(module, longest, max(map(len, pieces)))
            concrete[first] = module.read.get_concrete_function()
        named = {DEFAULT: concrete[first], **concrete}
        tf.saved_model.save(module, str(folder), signatures=named)


def _open_to_rounding(
    expected: Mapping[str, np.ndarray], fitted: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Where `present` may turn by rounding: the label's probability lies at its threshold."""
    if "present" not in expected:
        return {}
    least = np.asarray(fitted.get("thresholds", 0.5))
    return {"present": np.abs(np.asarray(expected["labels"]) - least) <= TOLERANCE}


def prepared(
    given: dict[str, Any], spec: Mapping[str, jax.ShapeDtypeStruct], known: int = 0
) -> dict[str, Any]:
    """TensorFlow inputs as the model reads them, checked: sound padded to its longest, tokens cut
    or padded to the smallest of `texts.lengths` that holds every row.

    `known` is the number of pieces in a text model's vocabulary. A request out of bounds ends with
    InvalidArgument, which servers turn into a 400.
    """
    import tensorflow as tf

    if "tokens" in spec:
        return _prepared_tokens(given, spec["tokens"].shape[1], known)
    if "audio" not in spec:
        return given
    audio, length, longest = given["audio"], given["audio_length"], spec["audio"].shape[1]
    samples = tf.shape(audio)[1]
    check = tf.debugging
    checks = [
        check.assert_less_equal(
            samples,
            longest,
            message=f"audio: at most {longest} samples a row; cut it into windows",
        ),
        check.assert_less_equal(
            tf.abs(audio), 1.0, message="audio: finite and within [-1, 1]; divide int16 by 32768"
        ),
        check.assert_greater(
            length, video.SHORTEST, message=f"audio_length: more than {video.SHORTEST} samples"
        ),
        check.assert_less_equal(
            length, samples, message="audio_length: at most the samples of `audio`"
        ),
    ]
    with tf.control_dependencies(checks):
        padded = tf.pad(audio, [[0, 0], [0, longest - samples]])
    return {**given, "audio": tf.ensure_shape(padded, (None, longest))}


def _prepared_tokens(given: dict[str, Any], longest: int, known: int) -> dict[str, Any]:
    import tensorflow as tf

    ids, length, check = given["tokens"], given["token_length"], tf.debugging
    count = tf.shape(ids)[1]
    checks = [
        check.assert_less_equal(
            count, longest, message=f"tokens: at most {longest} a row; cut the text"
        ),
        check.assert_non_negative(ids, message="tokens: ids from 0 on"),
        check.assert_less(ids, known, message=f"tokens: ids below {known}, as in {VOCABULARY}"),
        check.assert_positive(length, message="token_length: at least 1"),
        check.assert_less_equal(length, count, message="token_length: at most those of `tokens`"),
    ]
    # Each length compiles once, so there are few; what a longer one adds is padding.
    enough = [tf.reduce_all(length <= n) for n in texts.lengths(longest)]
    with tf.control_dependencies(checks):
        width = tf.gather(texts.lengths(longest), tf.argmax(tf.cast(enough, tf.int32)))
        ids = ids[:, :width]
        ids = tf.pad(ids, [[0, 0], [0, width - tf.shape(ids)[1]]])
    return {**given, "tokens": ids}


def tell(folder: pathlib.Path, told: Mapping[str, float], clips: int) -> str:
    """One line on an export."""
    parts = ", ".join(f"{k} {v:.1e}" for k, v in told.items())
    return (
        f"{folder}: {size(folder):.1f} MiB; largest difference to the run on {clips} clips, "
        f"TensorFlow without JAX: {parts}"
    )


def size(folder: pathlib.Path) -> float:
    """MiB of the SavedModel: its graph and its variables, without what lies beside it."""
    files = [*folder.glob("*.pb"), *(folder / "variables").iterdir()]
    return sum(p.stat().st_size for p in files) / 2**20


def _served(function: jax.export.Exported, module: Any, spec: Mapping[str, Any], known: int) -> Any:
    import tensorflow as tf
    from jax.experimental import jax2tf

    shapes = {k: ", ".join(["b", *"_" * (len(s.shape) - 1)]) for k, s in spec.items()}
    shapes |= {k: "b, n" for k in spec if k == stablehlo.TOKENS}
    converted = jax2tf.convert(
        function.call,
        polymorphic_shapes=[None, shapes],
        polymorphic_constraints=stablehlo.constraints(spec),
        with_gradient=False,
        native_serialization_platforms=stablehlo.PLATFORMS,
    )

    def served(**given: Any) -> Any:
        return converted(dict(module.params), prepared(given, spec, known))

    return tf.function(served, autograph=False)


def _free(name: str, spec: jax.ShapeDtypeStruct) -> tuple[int | None, ...]:
    return (None, None) if name in ("audio", "tokens") else (None, *spec.shape[1:])


def _assets(card: Mapping[str, Any], reader: Any, form: Any, config: Any) -> dict[str, str]:
    pieces = text.pieces(reader.vocabulary) if reader else {}
    vocabulary = {VOCABULARY: "\n".join(pieces) + "\n"} if reader else {}
    words = {sentences.PIECES: sentences.pieces(form)} if form else {}
    held = {"attributes.json": json.dumps(card["attributes"], indent=1)}
    return {
        **vocabulary,
        **words,
        **(held if card["attributes"] else {}),
        "card.json": json.dumps(card, indent=1),
        "card.md": card_lib.markdown(card),
        "labels.txt": "\n".join(card["labels"]) + "\n",
        "vad.json": json.dumps(card["vad"], indent=1),
        "config.json": config_lib.to_json(config),
    }


def _measured(folder: pathlib.Path, card: dict[str, Any], milliseconds: dict[str, float]) -> None:
    """Size and latency into the card, once they are known; assets are plain files."""
    import platform

    cores = f"{os.cpu_count()} cores of {platform.machine()}"
    where = f"median of {fresh.CALLS} calls in TensorFlow on the CPU of the export, {cores}"
    full = {**card, "size_mib": size(folder), "latency_ms": milliseconds, "measured": where}
    (folder / "assets" / "card.json").write_text(json.dumps(full, indent=1))
    (folder / "assets" / "card.md").write_text(card_lib.markdown(full))


def _refuse(config: Any, workdir: pathlib.Path, folder: pathlib.Path) -> None:
    if config.task[config_lib.NAME].endswith("Pretrain"):
        raise ValueError("the config is of pre-training, which has nothing to serve")
    if not (workdir / "checkpoints").is_dir():
        raise FileNotFoundError(f"--workdir={workdir} holds no checkpoints; run --mode=train first")
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; remove it, or name another --output")


def _real_clips(config: Any, spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The first clips of the validation split."""
    batch = next(iter(inputs.eval_batches(config, config.select.split)))
    return {k: batch[k][:CLIPS] for k in spec}
