"""NeuroGaze-Distill's student: faces' expressions, near prototypes of valence and arousal.

  python -m affectjax.main --config=configs/neurogaze/ferplus.py --workdir=runs/neurogaze
  python -m affectjax.main --config=configs/neurogaze/ferplus.py --workdir=runs/neurogaze \
    --mode=evaluate

With a teacher, such as a run of this config with `stage=plain`:

  python -m experiments.neurogaze.start --teacher=runs/plain --workdir=runs/neurogaze_start
  python -m affectjax.main --config=configs/neurogaze/ferplus.py:init=runs/neurogaze_start \
    --workdir=runs/neurogaze

Reads ferplus/ under $AFFECTJAX_DATA (default: ../shared/data). `prototypes` names the teacher's
.npz of 25 rows, which were made of brain signals (arXiv 2509.11916); without it the middles of the
cells stand in. Weights, smoothing, AdamW at 2e-4, decay 0.05, batch 128, clip 1 and 100 epochs are
those of the authors' README; the geometry's formula and the choice of a teacher are ours.
Paper, FERPlus validation: accuracy 83.06, macro F1 64.74, balanced accuracy 59.90 with everything;
78.22, 51.29, 49.77 of cross-entropy alone. Ours: not yet measured. Hardware: an accelerator.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import FERPLUS8
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import colour, image, picture
from affectjax.models import resnet, taught
from affectjax.tasks import distil, pictures
from affectjax.train import defaults, optim, schedule

TRAINING_FACES, EPOCHS, RISES = 25_060, 100, (20, 60)
STAGES = ("full", "plain")
BUILT = ("stage=plain,size=50",)


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: stage full|plain (cross-entropy alone), prototypes (an .npz), width (of its rows),
    init (a work directory of `experiments.neurogaze.start`, whose teacher is listened to), size
    (of `resnet.size`), epochs, batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        stage="full",
        prototypes="",
        width=2,
        init="",
        size="18",
        epochs=EPOCHS,
        batch=128,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, stage=STAGES)
    config = defaults.config(seed=arg.seed)
    per_epoch = defaults.epochs(config, arg.epochs, TRAINING_FACES, arg.batch)
    config.train.update(
        frozen=["^teacher/"] if arg.init else [],
    )
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg, [per_epoch * epoch for epoch in RISES])
    steps = config.train.steps
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.warmup_cosine, peak=2e-4, steps=steps, warmup=0),
        weight_decay=0.05,
        clip=1.0,
    )
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^(trunk|head|projection)/"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    config.data.update(
        builder="tfds_builders.ferplus.ferplus_dataset_builder",
        builder_config="majority",
        manual_dir="" if arg.fake else source.raw_folder("ferplus", "../shared/data"),
        fake=64 if arg.fake else 0,
    )
    resize = call(picture.Square, side=32 if arg.tiny else 224, interpolation="bilinear")
    augment = [call(image.Flip, prob=0.5), call(colour.Rotate, degrees=10.0)]
    take = call(picture.Take, key="image", to="face")
    config.data.train_ops = [take, call(picture.On, key="face", ops=[resize, *augment])]
    config.data.eval_ops = [take, call(picture.On, key="face", ops=[resize])]


def _task(arg: ml_collections.ConfigDict, rises: list[int]) -> ml_collections.ConfigDict:
    if arg.tiny:
        size = call(resnet.Size, depths=[1], bottleneck=False, width=4)
    else:
        size = call(resnet.size, name=arg.size)
    classes = len(FERPLUS8)
    teacher = call(resnet.ResNet, size=size, classes=classes) if arg.init else None
    full = arg.stage == "full"
    return call(
        distil.Distil,
        model=call(
            taught.Taught,
            trunk=call(resnet.ResNet, size=size),
            classes=classes,
            width=arg.width,
            teacher=teacher,
        ),
        inputs=call(pictures.Pictures, keys=["face"]),
        names=list(FERPLUS8.names),
        prototypes=call(distil.of_file, path=arg.prototypes),
        teacher_weight=0.30 if arg.init else 0.0,
        prototype_weight=0.12 if full else 0.0,
        geometry_weight=0.012 if full else 0.0,
        ramp=rises,
    )
