"""CAGE on AffectNet: expressions, valence and arousal of faces by MaxViT-T.

  python -m affectjax.main --config=configs/cage/affectnet.py --workdir=runs/cage
  python -m affectjax.main --config=configs/cage/affectnet.py --workdir=runs/cage --mode=evaluate
  python -m affectjax.main --config=configs/cage/affectnet.py:stage=va,init=runs/cage \
    --workdir=runs/cage_va

Reads affectnet/ under $AFFECTJAX_DATA (default: ../shared/data). Stages: `combined` learns both,
`discrete` the expressions alone, `va` valence and arousal, best from a combined run. Reproduces the
released scripts (Wagner et al. 2024, arXiv 2404.14975; github.com/wagner-niklas): AdamW, weight
decay 0.01, rate 4e-5 on a cosine whose period of batch x epochs steps is shorter than two epochs
(so it goes up again, as released), batch 128, 20 epochs, 25 with seven classes; cross-entropy
weighted by class + 5 MSE, or 3 MSE - CCC a dimension.
Paper, MaxViT on AffectNet-8: weighted F1 0.621 combined; CCC 0.784 (`ccc_pooled`) of stage va.
Ours: not yet measured. Differences: experiments/cage/README.md. Hardware: accelerators.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import colour, image, picture
from affectjax.models import cage, maxvit
from affectjax.tasks import classify, pictures, regress
from affectjax.train import defaults, optim, schedule

TRAINING_FACES = {8: 287_651, 7: 283_901}
# Neutral, happiness, sadness, surprise, fear, disgust, anger, contempt.
WEIGHTS = {
    8: [0.015605, 0.008709, 0.046078, 0.083078, 0.185434, 0.305953, 0.046934, 0.308210],
    7: [0.022600, 0.012589, 0.066464, 0.120094, 0.265305, 0.444943, 0.068006],
}
STAGES = {"combined": "uar", "discrete": "uar", "va": "ccc_mean"}
TINY = maxvit.Size(8, (8,), (1,), head=8, window=2)
# Arguments that tests/whole builds besides the config as it is.
BUILT = ("stage=va,classes=7", "stage=discrete")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: stage combined|discrete|va, classes 8|7 (without contempt), init (a work directory
    to start from), paper (choose the checkpoint on the faces that are tested, as published; else on
    4% of the training faces), size (of MaxViT), epochs (0: as published), batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        stage="combined",
        classes=8,
        init="",
        paper=False,
        size="T",
        epochs=0,
        batch=128,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, stage=STAGES, classes=WEIGHTS)
    epochs = arg.epochs or (20 if arg.classes == 8 else 25)
    config = defaults.config(seed=arg.seed, topology="v5e:2x4")
    defaults.epochs(config, epochs, TRAINING_FACES[arg.classes], arg.batch)
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg)
    config.select.metric = STAGES[arg.stage]
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.cosine_annealing, peak=4e-5, period=arg.batch * epochs),
        weight_decay=0.01,
    )
    config.init = arg.init
    if arg.init:
        config.init_fresh, config.init_drop = ["^maxvit/head/"], ["^maxvit/head/"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    side = 16 if arg.tiny else 224
    config.data.update(
        builder="tfds_builders.affectnet.affectnet_dataset_builder",
        builder_config="eight" if arg.classes == 8 else "seven",
        manual_dir="" if arg.fake else source.raw_folder("affectnet", "../shared/data"),
        fake=64 if arg.fake else 0,
    )
    # AffectNet's test labels are not public: what papers test on is its validation split.
    train, held_out = ("train", "validation") if arg.paper else ("train[:96%]", "train[96%:]")
    config.data.splits.update(train=train, validation=held_out, test="validation")
    if arg.paper:
        config.select.reproduces = "CAGE, which chooses by the loss on AffectNet's validation split"
    resize = call(picture.Square, side=side, interpolation="bilinear")
    augment = [
        call(image.Flip, prob=0.5),
        call(colour.Grayscale, prob=0.01),
        call(colour.Rotate, degrees=10.0),
        call(colour.Jitter, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
        call(colour.Perspective, distortion=0.2, prob=0.5),
    ]
    config.data.train_ops = [call(picture.On, key="face", ops=[resize, *augment])]
    config.data.eval_ops = [call(picture.On, key="face", ops=[resize])]


def _task(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    size = TINY if arg.tiny else maxvit.size(arg.size)
    model = call(
        cage.Cage,
        size=call(
            maxvit.Size,
            stem=size.stem,
            widths=size.widths,
            depths=size.depths,
            head=size.head,
            window=size.window,
        ),
        classes=0 if arg.stage == "va" else arg.classes,
        dimensions=0 if arg.stage == "discrete" else 2,
        dropout=0.3 if arg.stage == "va" else 0.0,
    )
    faces = call(pictures.Pictures, keys=["face"], erase=0.5, erase_area=[0.02, 0.2])
    if arg.stage == "va":
        return call(regress.Regress, model=model, inputs=faces, criterion="mse_ccc")
    return call(
        classify.Classify,
        model=model,
        inputs=faces,
        classes=arg.classes,
        class_weights=WEIGHTS[arg.classes],
        vad_weight=5.0 if arg.stage == "combined" else 0.0,
    )
