"""Valence and arousal that a picture evokes: a small ViT on OASIS, a fold of whole themes.

  python -m affectjax.main --config=configs/oasis/pictures.py:fold=1 --workdir=runs/oasis/fold1
  python -m affectjax.main --config=configs/oasis/pictures.py:fold=1 --workdir=runs/oasis/fold1 \
    --mode=evaluate

`python -m experiments.oasis.trained` runs all five folds. Reads oasis/ under $AFFECTJAX_DATA
(default: ../shared/data), the pictures that are there; ours, no paper's. `net=lite0` is
EfficientNet-Lite0, which `init` starts from ImageNet (experiments/oasis/start.py): not yet
measured. Hardware: two CPU cores; time and figures: experiments/oasis/README.md.
"""

import dataclasses

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call, recorded
from affectjax.data import source
from affectjax.data.ops import colour, image, picture
from affectjax.models import efficientnet, percept, transformer, vit
from affectjax.tasks import pictures, regress
from affectjax.train import defaults, optim, schedule
from tfds_builders.oasis import oasis_dataset_builder as oasis

BUILDER = "tfds_builders.oasis.oasis_dataset_builder"
SIDES = {"vit": 64, "lite0": 224}
PATCH = 8
TINY_STAGES = ((1, 3, 1, 1, 8), (1, 3, 2, 2, 8))
BUILT = ("net=lite0",)


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: fold 1..5, net vit|lite0, init (a work directory to start from), steps, batch,
    rate (peak, of AdamW), seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        fold=1,
        net="vit",
        init="",
        steps=150,
        batch=32,
        rate=5e-4,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, net=SIDES)
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    config.train.update(
        steps=arg.steps, batch=arg.batch, log_every=25, eval_every=25, checkpoint_every=25
    )
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg)
    config.select.metric = "ccc_mean"
    rate = call(
        schedule.warmup_cosine,
        peak=arg.rate,
        steps=config.train.steps,
        warmup=config.train.steps // 10,
    )
    config.optimizer = call(optim.adamw, schedule=rate, weight_decay=0.05, clip=1.0)
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^mlp_"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    config.data.update(
        builder=BUILDER,
        builder_config="images_present",
        manual_dir="" if arg.fake else source.raw_folder("oasis", "../shared/data"),
        fake=64 if arg.fake else 0,
        eval_batch=32,
    )
    config.data.splits.update(oasis.folds(arg.fold))
    side = 16 if arg.tiny else SIDES[arg.net]
    cut = [
        call(picture.ShortSide, side=side, interpolation="bilinear"),
        call(picture.CentreCrop, side=side),
    ]
    changed = [call(image.Flip, prob=0.5), call(colour.Rotate, degrees=10.0)]
    config.data.train_ops = [call(picture.On, key="image", ops=[*cut, *changed])]
    config.data.eval_ops = [call(picture.On, key="image", ops=cut)]


def _task(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    tower = _vit(arg.tiny) if arg.net == "vit" else _lite(arg)
    model = call(percept.Percept, tower=tower, output="vad", outputs=2, hidden=[], dropout=0.0)
    norm = "imagenet" if arg.net == "vit" else "efficientnet_lite"
    read = call(pictures.Pictures, keys=["image"], norm=norm, erase=0.25)
    return call(regress.Regress, model=model, inputs=read, criterion="mse_ccc")


def _vit(tiny: bool) -> ml_collections.ConfigDict:
    width, depth, heads = (16, 1, 2) if tiny else (96, 4, 4)
    return call(
        vit.ViT,
        tower=call(transformer.Tower, width=width, depth=depth, heads=heads),
        image=16 if tiny else SIDES["vit"],
        patch=PATCH,
        pool="mean",
        drop_path=0.1,
    )


def _lite(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    size = efficientnet.size(arg.net)
    if arg.tiny:
        size = dataclasses.replace(size, stages=TINY_STAGES)
    return call(efficientnet.EfficientNet, size=recorded(size), drop_path=0.1)
