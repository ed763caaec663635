"""What the paper's two recipes share: datasets, inputs, model sizes, schedule.

Every value is the released code's (scripts of size B); README.md lists where we differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ml_collections

from affectjax.affect import labels
from affectjax.config import call
from affectjax.data import source
from affectjax.models import hicmae
from affectjax.tasks import inputs
from affectjax.train import defaults, schedule
from tfds_builders.crema_d import names as crema_d
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess

FRAMES, SIDE, SAMPLES = 16, 160, 40_960  # 2.56 s of sound, 256 rows of 128 mel bins
WARMUP_EPOCHS = 5
_CREMA_D_TESTS = (1463, 1470, 1476, 1474, 1555)


@dataclass(frozen=True)
class Dataset:
    """Where a dataset is and how the recipe reads it.

    `clips` of a fold count an epoch: those of the official training list, so that a run has the
    official number of steps although validation speakers are taken out of it here.
    """

    builder: str
    builder_config: str
    classes: int
    fps: float
    stride: int
    clips: Callable[[int], int]
    folds: Callable[[int, str], Mapping[str, str]]
    raw: str = ""


def _one_fold(fold: int, manual_dir: str) -> Mapping[str, str]:
    del manual_dir
    if fold != 1:
        raise ValueError(f"fold={fold}: affect_synth has one, its own splits")
    return {}


DATASETS = {
    "crema_d": Dataset(
        builder="tfds_builders.crema_d.crema_d_dataset_builder",
        builder_config="audio_video",
        classes=len(labels.CREMAD6),
        fps=29.97,
        stride=4,
        clips=lambda fold: sum(_CREMA_D_TESTS) - _CREMA_D_TESTS[fold - 1],
        folds=lambda fold, manual_dir: crema_d.folds(fold),
        raw="crema_d",
    ),
    "ravdess": Dataset(
        builder="tfds_builders.ravdess.ravdess_dataset_builder",
        builder_config="speech_video",
        classes=len(labels.RAVDESS8),
        fps=29.97,
        stride=4,
        clips=lambda fold: 20 * ravdess.CLIPS_PER_ACTOR,
        folds=lambda fold, manual_dir: ravdess.folds(fold, ravdess.present_actors(manual_dir)),
        raw="ravdess",
    ),
    # The built-in set: 16 frames are a whole clip, so each is taken; one fold, its own splits.
    "affect_synth": Dataset(
        builder="tfds_builders.affect_synth.affect_synth_dataset_builder",
        builder_config="",
        classes=len(labels.EKMAN7),
        fps=6.25,
        stride=1,
        clips=lambda fold: 1680,
        folds=_one_fold,
    ),
}


def dataset(name: str) -> Dataset:
    """A dataset of the table."""
    if name not in DATASETS:
        raise ValueError(f"dataset={name}; allowed: {', '.join(DATASETS)}")
    return DATASETS[name]


def side(arg: ml_collections.ConfigDict) -> int:
    """Pixels of a frame's edge: the paper's, or four patches where tiny."""
    return 32 if arg.tiny else SIDE


def base(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    """Seed, data and length of a run; `arg` has dataset, fold, seed, epochs, batch, tiny, fake."""
    data = dataset(arg.dataset)
    per_epoch = max(data.clips(arg.fold) // arg.batch, 1)
    config = defaults.config(seed=arg.seed)
    config.train.update(
        steps=arg.epochs * per_epoch,
        batch=arg.batch,
        eval_every=per_epoch,
        checkpoint_every=per_epoch,
    )
    config.data.update(
        builder=data.builder,
        builder_config=data.builder_config,
        fps=data.fps,
        fake=64 if arg.fake else 0,
    )
    if not arg.fake:
        manual_dir = source.raw_folder(data.raw, "../shared/data") if data.raw else ""
        config.data.manual_dir = manual_dir
        config.data.splits.update(data.folds(arg.fold, manual_dir))
    if arg.tiny:
        defaults.tiny(config)
    return config


def rate(
    arg: ml_collections.ConfigDict, config: ml_collections.ConfigDict, peak: float, final: float
) -> ml_collections.ConfigDict:
    """Five epochs up from 0, then a cosine; `peak` and `final` are of 256 examples a batch."""
    steps = config.train.steps
    warmup = max(min(WARMUP_EPOCHS * steps // arg.epochs, steps - 1), 1)
    return call(
        schedule.warmup_cosine,
        peak=schedule.scaled(peak, arg.batch),
        final=schedule.scaled(final, arg.batch),
        steps=steps,
        warmup=warmup,
    )


def size(arg: ml_collections.ConfigDict) -> tuple[hicmae.Tower, int, hicmae.Tower]:
    """Encoder, fusion depth and decoder of the wanted size."""
    return hicmae.size("test" if arg.tiny else arg.size)


def tower(given: hicmae.Tower) -> ml_collections.ConfigDict:
    """A tower as a recorded call."""
    return call(hicmae.Tower, width=given.width, depth=given.depth, heads=given.heads)


def model_inputs(**fields: float) -> ml_collections.ConfigDict:
    """256 x 128 log-mels normalised by AudioSet's statistics."""
    return call(inputs.Inputs, mel_frames=256, mels=128, **fields)
