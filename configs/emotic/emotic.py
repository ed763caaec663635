"""EMOTIC's baseline: what a person in a scene feels, 26 categories at once, and VAD.

  python -m affectjax.main --config=configs/emotic/emotic.py --workdir=runs/emotic
  python -m affectjax.main --config=configs/emotic/emotic.py --workdir=runs/emotic --mode=evaluate

Reads emotic/ under $AFFECTJAX_DATA (default: ../shared/data). With the weights that the published
figures start from (`experiments/emotic/README.md` says where from):

  python -m experiments.emotic.start --context=resnet18_places365.pth --body=resnet18.pth \
    --workdir=runs/emotic_start
  python -m affectjax.main --config=configs/emotic/emotic.py:init=runs/emotic_start,frozen \
    --workdir=runs/emotic

Reproduces the run logged in the PyTorch port that the authors link (Tandon-A/emotic; Kosti et al.
2019, arXiv 2003.13401): ResNet-18 for the scene at 224 and for the person at 128, Adam, rate 1e-3
divided by ten after 7 and 14 epochs, weight decay 5e-4, batch 24 (four or eight chips do not
divide the port's 26), 15 epochs; smooth L1 of VAD.
Port: mAP 0.2527 (`map`), mean VAD error 0.958 in ratings from 1 to 10 (4.5 `mae_mean`). Paper: mAP
0.2738. Ours: not yet measured. Differences: experiments/emotic/README.md. Hardware: an accelerator.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import EMOTIC26
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import colour, picture, scene
from affectjax.models import emotic, resnet
from affectjax.tasks import emotic as task
from affectjax.tasks import pictures
from affectjax.train import defaults, optim, schedule

TRAINING_PEOPLE = 23_266
EPOCHS = 15
BUILT = ("sees=context,blank,vad_loss=l2",)


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: sees both|context|body (the paper's ablations), size 18|50 of the ResNets, or
    decomposed (the authors' networks), weighting dynamic|static|mean, vad_loss smooth_l1|l2, blank
    (the person is black in the scene), init (a work directory to start from), frozen (branches
    keep their weights, as in the port's log), batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        sees="both",
        size="18",
        weighting="dynamic",
        vad_loss="smooth_l1",
        blank=False,
        init="",
        frozen=False,
        batch=24,
        seed=0,
        tiny=False,
        fake=False,
    )
    config = defaults.config(seed=arg.seed)
    per_epoch = defaults.epochs(config, EPOCHS, TRAINING_PEOPLE, arg.batch)
    config.train.update(
        frozen=["^context/", "^body/"] if arg.frozen else [],
    )
    config.select.metric = "map"
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = call(
        task.Emotic,
        model=_model(arg),
        inputs=call(
            pictures.Pictures,
            keys=["image", "person"],
            norm=["emotic_scenes", "emotic_people"],
        ),
        labels=list(EMOTIC26.names),
        weighting=arg.weighting,
        vad_loss=arg.vad_loss,
    )
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.milestones, peak=1e-3, steps=[7 * per_epoch, 14 * per_epoch]),
        weight_decay=5e-4,
    )
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^fusion/"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    config.data.update(
        builder="tfds_builders.emotic.emotic_dataset_builder",
        manual_dir="" if arg.fake else source.raw_folder("emotic", "../shared/data"),
        fake=64 if arg.fake else 0,
    )
    scenes, people = (32, 24) if arg.tiny else (224, 128)
    cut = call(picture.CutBox, key="image", to="person")
    blank = [call(scene.Blank)] if arg.blank else []
    jitter = call(colour.Jitter, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0)

    def sized(key: str, side: int, *more: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
        resize = call(picture.Square, side=side, interpolation="bilinear")
        return call(picture.On, key=key, ops=[resize, *more])

    config.data.train_ops = [
        call(scene.Mirror, prob=0.5),
        cut,
        *blank,
        sized("image", scenes, jitter),
        sized("person", people, jitter),
    ]
    config.data.eval_ops = [cut, *blank, sized("image", scenes), sized("person", people)]


def _model(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    if arg.tiny:
        small = call(resnet.Size, depths=[1], bottleneck=False, width=4)
        branches = {k: call(resnet.ResNet, size=small) for k in ("context", "body")}
    elif arg.size == "decomposed":
        branches = {k: call(emotic.decomposed, branch=k) for k in ("context", "body")}
    else:
        sized = call(resnet.size, name=arg.size)
        branches = {k: call(resnet.ResNet, size=sized) for k in ("context", "body")}
    fusion = call(emotic.Fusion, hidden=16 if arg.tiny else 256)
    return call(emotic.Emotic, **branches, fusion=fusion, sees=arg.sees)
