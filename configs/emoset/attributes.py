"""EmoSet: the emotion that a picture evokes, and six attributes that help to tell it.

  python -m affectjax.main --config=configs/emoset/attributes.py --workdir=runs/emoset
  python -m affectjax.main --config=configs/emoset/attributes.py --workdir=runs/emoset \
    --mode=evaluate

From ImageNet's weights, as one would:

  python -m experiments.emoset.start --trunk=resnet50.pth --workdir=runs/emoset_start
  python -m affectjax.main --config=configs/emoset/attributes.py:init=runs/emoset_start \
    --workdir=runs/emoset

Reads emoset/ under $AFFECTJAX_DATA (default: ../shared/data) as released, with info.json. Crops,
flip and statistics are those of the official data class (Yang et al. 2023, arXiv 2307.07961); the
wiring of the module, weights 0.2, AdamW at 1e-4 falling by a cosine, decay 0.05, batch 128 and 15
epochs are ours, for the paper's could not be read. `module=plain` is the network without the
module, `share=20` trains on the first fifth.
Paper's scores: could not be read. Ours: not yet measured. Hardware: an accelerator.
"""

import pathlib

import ml_collections

from affectjax import config as config_lib
from affectjax.affect import attributes
from affectjax.affect.labels import MIKELS8
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import image, labels, picture
from affectjax.models import attributed, resnet
from affectjax.tasks import attributes as task
from affectjax.tasks import pictures
from affectjax.train import defaults, optim, schedule

TRAINING_PICTURES = 94_481
NEGATIVE = [MIKELS8.names.index(name) for name in ("anger", "disgust", "fear", "sadness")]
POSITIVE = [i for i in range(len(MIKELS8)) if i not in NEGATIVE]
MODULES = ("attributes", "stop", "plain")
# Arguments that tests/whole builds besides the config as it is.
BUILT = ("module=stop,classes=2", "module=plain,share=20,size=18")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: module attributes|stop|plain (stop: the emotion's gradient stays out of the
    attributes' embeddings), classes 8|2, share (percent of the training pictures), size (of
    `resnet.size`), init (a work directory to start from), epochs, batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        module="attributes",
        classes=8,
        share=100,
        size="50",
        init="",
        epochs=15,
        batch=128,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, module=MODULES, classes=(8, 2), share=range(1, 101))
    config = defaults.config(seed=arg.seed)
    defaults.epochs(config, arg.epochs, TRAINING_PICTURES * arg.share // 100, arg.batch)
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg)
    steps = config.train.steps
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.warmup_cosine, peak=1e-4, steps=steps, warmup=steps // 15),
        weight_decay=0.05,
    )
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^emotion/"]
        if arg.module != "plain":
            config.init_fresh += [f"^{kind}(_embed)?/" for kind in attributed.DEPTHS]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    folder = "" if arg.fake else source.raw_folder("emoset", "../shared/data")
    config.data.update(
        builder="tfds_builders.emoset.emoset_dataset_builder",
        manual_dir=folder,
        fake=64 if arg.fake else 0,
    )
    if arg.share < 100:
        config.data.splits.train = f"train[:{arg.share}%]"
    info = str(pathlib.Path(folder) / "info.json") if folder else ""
    objects = 8 if arg.tiny else attributes.OBJECTS
    told = [call(labels.Attributes, info=info, objects=objects)]
    if arg.classes == 2:
        config.data.labels = ["positive", "negative"]
        told.append(call(labels.Among, groups=[POSITIVE, NEGATIVE]))
    side = 32 if arg.tiny else 224
    train = [call(image.RandomResizedCrop, side=side), call(image.Flip, prob=0.5)]
    cut = [
        call(picture.ShortSide, side=side, interpolation="bilinear"),
        call(picture.CentreCrop, side=side),
    ]
    config.data.train_ops = [*told, call(picture.On, key="image", ops=train)]
    config.data.eval_ops = [*told, call(picture.On, key="image", ops=cut)]


def _task(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    stages = ["stage_0", "stage_2", "stage_3"]
    if arg.tiny:
        size = call(resnet.Size, depths=[1], bottleneck=False, width=4)
        stages = ["stage_0"] * 3
    else:
        size = call(resnet.size, name=arg.size)
    plain = arg.module == "plain"
    model = call(
        attributed.Attributed,
        trunk=call(resnet.ResNet, size=size),
        classes=arg.classes,
        counts=[] if plain else list(attributes.COUNTS.values()),
        objects=0 if plain else (8 if arg.tiny else attributes.OBJECTS),
        stages=stages,
        width=8 if arg.tiny else 64,
        stop=arg.module == "stop",
    )
    return call(
        task.Attributes,
        model=model,
        inputs=call(pictures.Pictures, keys=["image"]),
        classes=arg.classes,
        negative=NEGATIVE if arg.classes == 8 else [1],
    )
