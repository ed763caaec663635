"""CLIP-CAER on RAER: five emotions of learning from a student's face and surroundings.

  python -m affectjax.main --config=configs/clip_caer/raer.py --workdir=runs/clip_caer
  python -m affectjax.main --config=configs/clip_caer/raer.py --workdir=runs/clip_caer \
    --mode=evaluate

Reads raer/ under $AFFECTJAX_DATA (default: ../shared/data). Reproduces the released script (Zhao et
al. 2025, arXiv 2507.00586; github.com/zgsfer/CLIP-CAER): SGD with momentum 0.9, decay 1e-4, batch
8, 20 epochs, rates 1e-2 of the temporal towers, 1e-3 of the prompts, 1e-5 of the image tower and of
the projection, all a tenth from epoch 10 and from 15; text tower frozen; 16 frames, turned by up
to 4 degrees and mirrored, in [0, 1] without CLIP's statistics. The paper starts from OpenAI's
ViT-B/32: `init` names a work directory that holds such weights; without it all is random.
Paper: UAR 0.680 (face alone, of DFER-CLIP: 0.612). Ours: not yet measured. Differences:
experiments/clip_caer/README.md. Hardware: accelerators.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import RAER5
from affectjax.config import call, recorded
from affectjax.data import clip_tokens, source
from affectjax.data.ops import colour, image, people, picture
from affectjax.models import clip, clip_caer, prompts
from affectjax.tasks import classify, pictures
from affectjax.train import defaults, optim, schedule
from experiments.clip_caer import texts

TRAINING_CLIPS = 2_160  # about four fifths of 2,700: the lists were not seen
FPS = 5.0  # of a user's film; 16 frames are spread over each stretch of 5 s
TINY = clip.Size(16, 8, 16, clip.Tower(16, 1, 2), clip.Tower(16, 1, 2), "quick_gelu")
BUILT = ("streams=face",)  # arguments that tests/whole builds, too


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: streams both|face|context, context (learned vectors a class), init (a work
    directory to start from), paper (choose the checkpoint on the test split, as published; else on
    a tenth of the training clips), epochs, batch, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        streams="both",
        context=8,
        init="",
        paper=False,
        epochs=20,
        batch=8,
        seed=0,
        tiny=False,
        fake=False,
    )
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    per_epoch = defaults.epochs(config, arg.epochs, TRAINING_CLIPS, arg.batch)
    config.train.update(
        frozen=["^text/"],
    )
    _data(config, arg)
    if arg.tiny:
        defaults.tiny(config)
    config.task = call(
        classify.Classify,
        model=_model(arg),
        inputs=call(pictures.Pictures, keys=["face_frames", "frames"], norm="none"),
        classes=len(RAER5),
    )
    config.optimizer = call(
        optim.sgd,
        schedule=call(
            schedule.milestones, peak=1e-2, steps=[10 * per_epoch, 15 * per_epoch], factor=0.1
        ),
        momentum=0.9,
        weight_decay=1e-4,
        lr_scale=[["^(visual|project)/", 1e-3], ["^prompts/", 0.1]],
    )
    config.init = arg.init
    if arg.init:  # of a CLIP: the rest is new, its common scale not used
        config.init_fresh = ["^temporal_", "^prompts/", "^project/"]
        config.init_drop = ["^logit_scale$"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict) -> None:
    side, count = (16, 4) if arg.tiny else (224, 16)
    config.data.update(
        builder="tfds_builders.raer.raer_dataset_builder",
        manual_dir="" if arg.fake else source.raw_folder("raer", "../shared/data"),
        fake=64 if arg.fake else 0,
        fps=FPS,
    )
    train, held_out = ("train", "test") if arg.paper else ("train[:90%]", "train[90%:]")
    config.data.splits.update(train=train, validation=held_out, test="test")
    if arg.paper:
        config.select.reproduces = "CLIP-CAER, which chooses by the UAR of the test split"
    cut = [
        call(people.FaceFrames, side=side, margin=20),
        call(people.CutFrames),
        call(picture.Letterbox, side=side, interpolation="bilinear"),
    ]
    moved = [call(colour.Rotate, degrees=4.0), call(image.Flip, prob=0.5)]
    config.data.train_ops = [
        call(people.SpreadFrames, count=count, random=True),
        *cut,
        *(call(picture.On, key=key, ops=moved) for key in ("frames", "face_frames")),
    ]
    config.data.eval_ops = [call(people.SpreadFrames, count=count), *cut]


def _model(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    size = TINY if arg.tiny else clip.size("openai:B/32")
    tokens, places = prompts.arrange(clip_tokens.tokenize(texts.RAER), arg.context)
    temporal = {"heads": 2, "head": 8, "mlp": 16} if arg.tiny else {}
    return call(
        clip_caer.ClipCaer,
        size=recorded(size),
        tokens=tokens.tolist(),
        places=places.tolist(),
        context=arg.context,
        temporal=call(clip_caer.Temporal, **temporal),
        streams=arg.streams,
    )
