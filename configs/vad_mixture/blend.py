"""Faces to mixtures of emotions, where the data has points of valence, arousal and dominance.

  python -m affectjax.main --config=configs/vad_mixture/blend.py --workdir=runs/blend
  python -m affectjax.main --config=configs/vad_mixture/blend.py --workdir=runs/blend \
    --mode=evaluate
  python -m affectjax.main --config=configs/vad_mixture/blend.py:data=affectnet \
    --workdir=runs/blend2

Each emotion is a Gaussian in that space (Russell & Mehrabian 1977); a face's point tells how likely
each name is, and the network learns these shares, with a penalty for emotions that contradict each
other. After "Revisiting Emotions Representation for Recognition in the Wild" (arXiv 2602.06778).

`data=synth` takes the middle frame of affect_synth's clips, and scores against its raters' votes,
which training never sees; `target=hard` learns the one category instead. `data=affectnet`, the
paper's, reads affectnet/ under $AFFECTJAX_DATA (default: ../shared/data); its dominance is
estimated from valence, arousal and the annotated emotion, and 4% of the training faces choose the
checkpoint. Rates, batches and lengths are ours: the paper's code takes them from the command line.
Paper's scores: could not be read. Ours: experiments/vad_mixture/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect import blends, labels
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import colour, image, picture, video
from affectjax.data.ops import labels as label_ops
from affectjax.models import resnet
from affectjax.tasks import classify, pictures
from affectjax.train import defaults, optim, schedule

TRAINING_FACES, EPOCHS = 287_651, 20
SPACES = {"affectnet": labels.AFFECTNET8, "synth": labels.EKMAN7}
TARGETS = ("blend", "hard")
# Arguments that tests/whole builds besides the config as it is.
BUILT = ("data=affectnet,correlated,focal", "target=hard")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: data synth|affectnet, target blend|hard, correlated (Gaussians with the authors'
    correlations), focal (loss of the authors' code), conflict (weight of the penalty), size (of
    `resnet.size`; synth has a small one), steps (of synth), epochs, batch (0: 64), seed, tiny,
    fake.
    """
    arg = config_lib.parse_arg(
        arg,
        data="synth",
        target="blend",
        correlated=False,
        focal=False,
        conflict=0.5,
        size="50",
        steps=600,
        epochs=EPOCHS,
        batch=64,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, data=SPACES, target=TARGETS)
    real = arg.data == "affectnet"
    every = TRAINING_FACES // arg.batch if real else arg.steps // 3
    config = defaults.config(seed=arg.seed)
    config.train.update(
        steps=arg.epochs * every if real else arg.steps,
        batch=arg.batch,
        eval_every=every,
        checkpoint_every=every,
    )
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg)
    steps = config.train.steps
    falls = [i * steps // 5 for i in range(1, 5)]
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.milestones, peak=1e-4, steps=falls)
        if real
        else call(schedule.warmup_cosine, peak=2e-3, steps=steps, warmup=steps // 10),
        weight_decay=0.01,
    )
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    name, side = ("affectnet", 224) if arg.data == "affectnet" else ("affect_synth", 64)
    config.data.update(
        builder=f"tfds_builders.{name}.{name}_dataset_builder",
        fake=64 if arg.fake else 0,
    )
    if arg.data == "affectnet":
        config.data.builder_config = "eight"
        config.data.splits.update(train="train[:96%]", validation="train[96%:]", test="validation")
        if not arg.fake:
            config.data.manual_dir = source.raw_folder(name, "../shared/data")
    resize = call(picture.Square, side=32 if arg.tiny else side, interpolation="bilinear")
    augment = [
        call(image.Flip, prob=0.5),
        call(colour.Rotate, degrees=10.0),
        call(colour.Jitter, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.0),
    ]
    still = []
    if arg.data == "synth":
        still = [call(picture.Still), call(video.Drop, keys=["audio"])]
    blend = [_blend(arg)]
    config.data.train_ops = [
        *still,
        call(picture.On, key="face", ops=[resize, *augment]),
        *(blend if arg.target == "blend" else []),
    ]
    config.data.eval_ops = [
        *still,
        call(picture.On, key="face", ops=[resize]),
        *(blend if arg.data == "affectnet" else []),
    ]


def _blend(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    real = arg.data == "affectnet"
    return call(
        label_ops.Blend,
        names=SPACES[arg.data].names,
        neutral="published" if real else "norms",
        correlated=arg.correlated,
        dominance="estimated" if real else "given",
    )


def _task(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    names = SPACES[arg.data].names
    if arg.tiny:
        size = call(resnet.Size, depths=[1], bottleneck=False, width=4)
    elif arg.data == "synth":
        size = call(resnet.Size, depths=[1, 1, 1], bottleneck=False, width=16)
    else:
        size = call(resnet.size, name=arg.size)
    pairs = [[names.index(a), names.index(b)] for a, b in blends.CONFLICTS]
    return call(
        classify.Classify,
        model=call(resnet.ResNet, size=size, classes=len(names)),
        inputs=call(pictures.Pictures, keys=["face"], erase=0.2),
        classes=len(names),
        target="distribution" if arg.target == "blend" else "hard",
        criterion="focal" if arg.focal else "cross_entropy",
        conflicts=pairs if arg.target == "blend" else [],
        conflict_weight=arg.conflict,
    )
