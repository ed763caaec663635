"""Aff-Wild2's unified framework: valence, arousal, expressions and action units in one network.

  python -m affectjax.main --config=configs/aff_wild2/unified.py --workdir=runs/unified
  python -m affectjax.main --config=configs/aff_wild2/unified.py --workdir=runs/unified \
    --mode=evaluate
  python -m affectjax.main --config=configs/aff_wild2/unified.py:data=wild --workdir=runs/unified2

Each frame has the labels of its track; what expressions and units say of each other couples the
heads on all frames (distribution matching and soft co-annotation; Kollias, Sharmanska & Zafeiriou,
arXiv 1910.11111, 2103.15792). `coupled=False` is the ablation. Scores: the challenges' sum of mean
CCC, macro F1 of expressions and mean F1 of units (`multitask`), and its parts.

`data=synth` takes the middle frame of affect_synth's clips, a third of the training clips for each
label, and unseen people with all labels to choose and to score. `data=wild` reads aff_wild2/ under
$AFFECTJAX_DATA (default: ../shared/data). Its test labels are not public: the published validation
split chooses the checkpoint and is scored, as challenge papers do. The papers' full text was not at
hand: trunk, rates, batch and lengths are ours, and so is the choice of a ResNet.
Paper's scores: could not be read. Ours: experiments/aff_wild2/README.md. Hardware: accelerators.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect import labels
from affectjax.config import call
from affectjax.data import mix, source
from affectjax.data.ops import image, picture, video
from affectjax.models import multitask, resnet
from affectjax.tasks import pictures, unified
from affectjax.train import defaults, optim, schedule
from tfds_builders.affect_synth.people import ACTION_UNITS

TRACKS = {"va": "vad", "expr": "emotion", "au": "action_units"}
# Of Aff-Wild2, whose further class "other" teaches nothing here, and of affect_synth.
NAMES = {"wild": labels.AFFWILD8.names[:7], "synth": labels.EKMAN7.names}
UNITS = {"wild": (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26), "synth": ACTION_UNITS}
STEPS = {"wild": 60_000, "synth": 900}
# Arguments that tests/whole builds besides the config as it is.
BUILT = ("data=wild", "coupled=False")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: data synth|wild, coupled (False: each label teaches its own head alone), matching
    and co_annotation (weights of both couplings), size (of `resnet.size`; synth has a small one),
    steps (0: STEPS), batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        data="synth",
        coupled=True,
        matching=1.0,
        co_annotation=1.0,
        size="18",
        steps=0,
        batch=128,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, data=NAMES)
    steps = arg.steps or STEPS[arg.data]
    config = defaults.config(seed=arg.seed, topology="v5e:2x4")
    config.train.update(
        steps=steps, batch=arg.batch, eval_every=steps // 3, checkpoint_every=steps // 3
    )
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg, sorted(config.data.parts))
    config.select.metric = "multitask"
    if arg.data == "wild":
        config.select.reproduces = "papers on Aff-Wild2, which choose on its validation split"
    steps = config.train.steps
    config.optimizer = call(
        optim.adamw,
        schedule=call(
            schedule.warmup_cosine,
            peak=1e-4 if arg.data == "wild" else 2e-3,
            steps=steps,
            warmup=steps // 20,
        ),
        weight_decay=0.01,
    )
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    config.data.update(
        parts=_wild(arg) if arg.data == "wild" else _synth(arg),
        labels=list(NAMES[arg.data]),
        units=list(UNITS[arg.data]),
        temperature=1.0,
        fake=64 if arg.fake else 0,
    )
    side = 32 if arg.tiny else {"wild": 112, "synth": 64}[arg.data]
    resize = call(picture.Square, side=side, interpolation="bilinear")
    still = []
    if arg.data == "synth":
        still = [call(picture.Still), call(video.Drop, keys=["audio"])]
    flip = call(image.Flip, prob=0.5)
    config.data.train_ops = [*still, call(picture.On, key="face", ops=[resize, flip])]
    config.data.eval_ops = [*still, call(picture.On, key="face", ops=[resize])]


def _wild(arg: ml_collections.ConfigDict) -> dict[str, ml_collections.ConfigDict]:
    splits = {"train": "train", "validation": "validation", "test": "validation"}
    manual_dir = "" if arg.fake else source.raw_folder("aff_wild2", "../shared/data")
    return {
        track: call(
            mix.Part,
            builder="tfds_builders.aff_wild2.aff_wild2_dataset_builder",
            builder_config=track,
            manual_dir=manual_dir,
            splits=splits,
        )
        for track in TRACKS
    }


def _synth(arg: ml_collections.ConfigDict) -> dict[str, ml_collections.ConfigDict]:
    """A third of the training clips for each label; whole clips for validation and test."""
    given = {
        "builder": "tfds_builders.affect_synth.affect_synth_dataset_builder",
        "builder_config": "test" if arg.tiny else "",
    }
    thirds = ("train[:33%]", "train[33%:67%]", "train[67%:]")
    parts = {
        track: call(mix.Part, **given, splits={"train": third}, teaches=[label])
        for (track, label), third in zip(TRACKS.items(), thirds, strict=True)
    }
    held_out = {"validation": "validation", "test": "test"}
    return {**parts, "whole": call(mix.Part, **given, splits=held_out)}


def _task(arg: ml_collections.ConfigDict, datasets: list[str]) -> ml_collections.ConfigDict:
    if arg.tiny:
        size = call(resnet.Size, depths=[1], bottleneck=False, width=4)
    elif arg.data == "synth":
        size = call(resnet.Size, depths=[1, 1, 1], bottleneck=False, width=16)
    else:
        size = call(resnet.size, name=arg.size)
    names, units = NAMES[arg.data], UNITS[arg.data]
    return call(
        unified.Unified,
        model=call(
            multitask.Multitask,
            trunk=call(resnet.ResNet, size=size),
            classes=len(names),
            dimensions=2,
            labels=len(units),
            dropout=0.2,
        ),
        inputs=call(pictures.Pictures, keys=["face"]),
        names=list(names),
        units=list(units),
        datasets=datasets,
        matching_weight=arg.matching if arg.coupled else 0.0,
        co_annotation_weight=arg.co_annotation if arg.coupled else 0.0,
    )
