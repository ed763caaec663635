"""Two small trained expression networks on the faces of films: face-api.js's and mini-XCEPTION.

  python -m experiments.expression.start --net=faceapi \
    --weights=../shared/data/weights_faceapi_expression/face_expression_dequantised.npz \
    --workdir=runs/faceapi
  python -m affectjax.main --config=configs/expression/faces.py:net=faceapi,fake \
    --workdir=runs/faceapi --mode=predict --input=clip.mp4

The second command needs no data: `fake` stands for it. Without `fake` the data is affect_synth, on
which --mode=evaluate scores the networks as they are, and --mode=train goes on from them.
`net=minixception` takes weights_fer_minixception/mini_xception_fer2013.npz.
Figures: experiments/expression/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import EKMAN7
from affectjax.config import call
from affectjax.data.ops import image, video
from affectjax.models import face_api, frames, mini_xception
from affectjax.tasks import classify, pictures
from affectjax.train import defaults, optim, schedule

NETS = {"faceapi": face_api.SIDE, "minixception": mini_xception.SIDE}
COUNT, STRIDE, FPS = 4, 4, 6.25  # frames of a window of 2.56 s
BUILT = ("net=minixception",)


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: net faceapi|minixception, steps, rate, seed, tiny, fake."""
    arg = config_lib.parse_arg(
        arg, net="faceapi", steps=400, rate=1e-4, seed=0, tiny=False, fake=False
    )
    config_lib.one_of(arg, net=NETS)
    side, count = (16, 2) if arg.tiny else (NETS[arg.net], COUNT)
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    config.train.update(steps=arg.steps, eval_every=100, checkpoint_every=100)
    config.data.update(
        builder="tfds_builders.affect_synth.affect_synth_dataset_builder",
        fps=FPS,
        fake=64 if arg.fake else 0,
        threads=2,
    )
    if arg.tiny:
        defaults.tiny(config)
    clip = {"count": count, "stride": STRIDE}
    without = call(video.Drop, keys=["audio"])
    config.data.train_ops = [
        call(video.SampleClip, **clip),
        call(image.Resize, side=side),
        call(image.Flip),
        without,
    ]
    config.data.eval_ops = [
        call(video.SampleClip, **clip, how="segments"),
        call(image.Resize, side=side),
        without,
    ]
    config.task = call(
        classify.Classify,
        model=call(frames.Frames, net=_net(arg)),
        inputs=call(
            pictures.Pictures,
            keys=["frames"],
            norm="face_api" if arg.net == "faceapi" else "half",
        ),
        classes=len(EKMAN7),
    )
    steps = config.train.steps
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.warmup_cosine, peak=arg.rate, steps=steps, warmup=0),
        weight_decay=0.01,
    )
    return config


def _net(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    if arg.net == "faceapi":
        small = {"widths": [4, 8]} if arg.tiny else {}
        return call(face_api.FaceApi, classes=len(EKMAN7), **small)
    small = {"stem": 4, "widths": [4]} if arg.tiny else {}
    return call(mini_xception.MiniXception, classes=len(EKMAN7), **small)
