"""Speech of several corpora at once, one label space and one model: HiCMAE's audio tower.

  python -m affectjax.main --config=configs/hicmae/speech_mixture.py:fold=1 --workdir=runs/mixture
  python -m affectjax.main --config=configs/hicmae/speech_mixture.py:fold=1 --workdir=runs/mixture \
    --mode=evaluate

RAVDESS (eight emotions, English), EmoDB (seven, German) and affect_synth (seven, and valence,
arousal and dominance) over the nine emotions that they have together. A clip teaches what its
corpus knows: the softmax is over the corpus's own emotions, and only affect_synth has VAD to learn.
Corpora are sampled by size^(1 / temperature); affect_synth's voices are made, so it weighs less.
`--mode=evaluate` scores all test speakers pooled, over nine emotions, and each corpus over its own.

Reads ravdess/ and emodb/ under $AFFECTJAX_DATA (default: ../shared/data); test and validation
speakers are those of ravdess_speech.py:fold=... and emodb_speech.py:speaker=..., so that the scores
of a corpus stand beside theirs. The recipe is experiments/hicmae/speech.py.
Expected figures: not yet measured.
"""

from collections.abc import Mapping

import ml_collections

from affectjax import config as config_lib
from affectjax.affect import labels
from affectjax.config import call
from affectjax.data import mix, source, unify
from experiments.hicmae import speech
from tfds_builders.emodb import emodb_dataset_builder as emodb
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess

SPACES = {"ravdess": labels.RAVDESS8, "emodb": labels.EMODB7, "affect_synth": labels.EKMAN7}


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: sets, of ravdess, emodb, affect_synth with + between; fold 1..6 of RAVDESS,
    speaker (3 8 9 10 .. 16) of EmoDB; temperature of sampling, vad_weight of the loss; calm
    (apart, or neutral: RAVDESS's calm counts as neutral), and seed, steps, batch, size, stem, tiny
    and fake as in ravdess_speech.py.
    """
    arg = config_lib.parse_arg(
        arg,
        sets="ravdess+emodb+affect_synth",
        fold=1,
        speaker=3,
        temperature=2.0,
        vad_weight=0.3,
        calm="apart",
        seed=0,
        steps=2000,
        batch=32,
        size="micro",
        stem="conv",
        tiny=False,
        fake=False,
    )
    arg.members = 1
    if arg.tiny:
        arg.stem = "patch"  # convolutions take a CPU long to compile
    parts = _parts(arg)
    also = {"calm": "neutral"} if arg.calm == "neutral" else {}
    names = unify.union([SPACES[name].names for name in parts], without=also)
    config = speech.config(arg, builder="", builder_config="", classes=len(names))
    config.data.update(parts=parts, labels=list(names), temperature=arg.temperature)
    config.task.datasets = sorted(parts)
    if "affect_synth" in parts:
        config.task.model.heads.vad = 3
        config.task.vad_weight = arg.vad_weight
    return config


def _parts(arg: ml_collections.ConfigDict) -> dict[str, ml_collections.ConfigDict]:
    """The corpora by name.

    Raises:
      ValueError: a name that is none of SPACES, or twice; `calm` that is neither apart nor neutral.
    """
    wanted = arg.sets.split("+")
    if set(wanted) - set(SPACES) or len(set(wanted)) < len(wanted):
        raise ValueError(f"sets={arg.sets}: name each of {'+'.join(SPACES)} once, or leave it out")
    config_lib.one_of(arg, calm=("apart", "neutral"))
    own = {"ravdess": _ravdess, "emodb": _emodb, "affect_synth": _affect_synth}
    return {name: own[name](arg) for name in wanted}


def _ravdess(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    also = {"calm": "neutral"} if arg.calm == "neutral" else {}
    manual_dir, splits = "", _plain()
    if not arg.fake:
        manual_dir = source.raw_folder("ravdess", "../shared/data")
        splits = ravdess.folds(arg.fold, ravdess.present_actors(manual_dir))
    return _part("ravdess", splits, builder_config="speech", manual_dir=manual_dir, also=also)


def _emodb(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    manual_dir, splits = "", _plain()
    if not arg.fake:
        manual_dir = source.raw_folder("emodb", "../shared/data")
        splits = emodb.folds(arg.speaker, emodb.present_speakers(manual_dir))
    return _part("emodb", splits, manual_dir=manual_dir)


def _affect_synth(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    config = "test" if arg.tiny else ""
    return _part("affect_synth", _plain(), builder_config=config, weight=0.3)


def _part(name: str, splits: Mapping[str, str], **fields: object) -> ml_collections.ConfigDict:
    builder = f"tfds_builders.{name}.{name}_dataset_builder"
    return call(mix.Part, builder=builder, splits=dict(splits), **fields)


def _plain() -> dict[str, str]:
    return {"train": "train", "validation": "validation", "test": "test"}
