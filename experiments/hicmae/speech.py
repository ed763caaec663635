"""The recipe of speech emotion on small corpora: HiCMAE's audio tower from nothing.

Three convolutions make tokens of 40 ms in place of HiCMAE's 16 x 16 patches, and mean and standard
deviation pool them: on some hundred clips that learns far more. README.md tells how it was found.
"""

from collections.abc import Mapping, Sequence

import ml_collections

from affectjax.config import call
from affectjax.data.ops import video, waveform
from affectjax.models import hicmae, hicmae_finetune, stem
from affectjax.tasks import classify, ensemble, inputs
from affectjax.train import defaults, optim, schedule

SAMPLES = 400 + 255 * 160  # the waveform under 256 rows of log-mel


def config(
    arg: ml_collections.ConfigDict,
    *,
    builder: str,
    builder_config: str,
    classes: int,
    manual_dir: str = "",
    splits: Mapping[str, str] | None = None,
    held_out: Sequence[Sequence[int]] = (),
) -> ml_collections.ConfigDict:
    """A whole config; `arg` holds seed, steps, batch, size, stem, members, tiny, fake.

    With members > 1 the task is an ensemble, whose member i holds out group i of `held_out`, taken
    in turn where there are fewer groups.

    Raises:
      ValueError: more groups than members.
    """
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    config.task = _task(arg, classes, held_out)
    config.train.update(steps=arg.steps, batch=arg.batch, ema=0.995)
    config.data.update(
        builder=builder,
        builder_config=builder_config,
        manual_dir=manual_dir,
        fake=64 if arg.fake else 0,
        views=3,
    )
    config.data.splits.update(splits or {})
    config.data.train_ops = [
        call(waveform.TrimSilence),
        call(waveform.Speed, spread=0.15),
        call(waveform.Gain),
        call(waveform.AudioWindow, samples=SAMPLES, random=True),
        call(video.Drop, keys=["frames"]),
    ]
    config.data.eval_ops = [
        call(waveform.TrimSilence),
        call(waveform.AudioWindow, samples=SAMPLES, views=config.data.views),
        call(video.Drop, keys=["frames"]),
    ]
    if arg.tiny:
        defaults.tiny(config)
    config.optimizer = call(
        optim.adamw,
        schedule=call(
            schedule.warmup_cosine,
            peak=2e-3,
            steps=config.train.steps,
            warmup=config.train.steps // 10,
        ),
        clip=1.0,
        members=arg.members > 1,
    )
    return config


def _task(
    arg: ml_collections.ConfigDict, classes: int, held_out: Sequence[Sequence[int]]
) -> ml_collections.ConfigDict:
    if len(held_out) > arg.members:
        raise ValueError(f"groups={len(held_out)}, members={arg.members}: a group is left over")
    one = _member(arg, classes)
    groups = [list(held_out[i % len(held_out)]) for i in range(arg.members)] if held_out else []
    if arg.members == 1:
        return one
    return call(ensemble.Ensemble, task=one, members=arg.members, held_out=groups)


def _member(arg: ml_collections.ConfigDict, classes: int) -> ml_collections.ConfigDict:
    tower, _, _ = hicmae.size("test" if arg.tiny else arg.size)
    mels, layers = stem_of(arg.stem)
    return call(
        classify.Classify,
        model=call(
            hicmae_finetune.Finetune,
            heads={"logits": classes},
            audio=call(hicmae.Tower, width=tower.width, depth=tower.depth, heads=tower.heads),
            stem_audio=layers,
            pool="mean_std",
            drop_path=0.1,
            dropout=0.3,
        ),
        inputs=call(
            inputs.Inputs,
            mels=mels,
            clip_norm=True,
            freq_mask=24 * mels // 128,
            time_mask=32,
            masks=2,
        ),
        classes=classes,
        smoothing=0.1,
        mixup=0.3,
    )


def stem_of(name: str) -> tuple[int, ml_collections.ConfigDict]:
    """Log-mel bins and layers: "conv", three convolutions; "patch", cheaper by several times."""
    if name == "conv":
        return 128, call(stem.AudioStem, channels=[16, 32, 32])
    if name == "patch":
        layers = call(stem.AudioStem, channels=[16, 32], strides=[[4, 4], [2, 2]], patch=[4, 4])
        return 64, layers
    raise ValueError(f"stem={name}; allowed: conv, patch")
