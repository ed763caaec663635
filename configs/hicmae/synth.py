"""HiCMAE on affect_synth, the built-in audio-visual set: pre-train, fine-tune, score.

  python -m affectjax.main --config=configs/hicmae/synth.py --workdir=runs/synth
  python -m affectjax.main --config=configs/hicmae/synth.py --workdir=runs/synth --mode=evaluate

`make train` runs this config, the same from scratch, and each modality alone; expected figures
stand in experiments/hicmae/README.md. A small model on small data: it shows that the system
learns, not what the paper reports.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.data.ops import image, video
from affectjax.models import hicmae, hicmae_finetune
from affectjax.tasks import classify, inputs, masked
from affectjax.train import defaults, optim, schedule

BUILDER = "tfds_builders.affect_synth.affect_synth_dataset_builder"
CLASSES = 7
SIDE, FRAMES, STRIDE, MEL_FRAMES, MELS = 64, 4, 4, 256, 64
SAMPLES, FPS = 40_960, 6.25


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: size (of SIZES), modalities av|audio|video, target hard|distribution, scratch
    (no pre-training), init (a work directory to start from instead), seed, steps,
    pretrain_steps, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        size="micro",
        modalities="av",
        target="hard",
        scratch=False,
        init="",
        seed=0,
        steps=400,
        pretrain_steps=400,
        tiny=False,
        fake=False,
    )
    config = _base(arg, arg.steps)
    config.task = call(
        classify.Classify,
        model=_finetune(arg),
        inputs=_inputs(),
        classes=CLASSES,
        target=arg.target,
        smoothing=0.1 if arg.target == "hard" else 0.0,
        vad_weight=1.0,
        vad_loss="ccc",
    )
    config.data.train_ops = [
        call(video.SampleClip, count=FRAMES, stride=STRIDE, samples=SAMPLES),
        call(image.RandomResizedCrop, side=SIDE, scale=[0.7, 1.0]),
        call(image.Flip),
        *_drop(arg.modalities),
    ]
    config.optimizer = call(
        optim.adamw,
        schedule=_schedule(2e-3, config.train.steps),
        clip=1.0,
    )
    config.init_fresh = ["^(head|fc_norm)", "_layer_weights$"]
    config.init_drop = ["^decoder", "^mask_token", "^encoder_to_decoder"]
    if arg.modalities != "av":
        other = "encoder/" if arg.modalities == "audio" else "encoder_audio/"
        config.init_drop = [*config.init_drop, "^encoder_fusion", f"^{other}"]
    config.init = arg.init
    if not arg.scratch and not arg.init:
        config.pretrain = pretrain(arg)
    return config


def pretrain(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    """Masked pre-training on the training subjects, without their labels."""
    config = _base(arg, arg.pretrain_steps)
    tower, fusion_depth, decoder = _size(arg)
    config.task = call(
        masked.MaskedPretrain,
        model=call(
            hicmae.Pretrain,
            video=_tower(tower),
            audio=_tower(tower),
            decoder_video=_tower(decoder),
            decoder_audio=_tower(decoder),
            fusion_depth=fusion_depth,
            fusion_heads=tower.heads,
            layers=hicmae.taps(tower.depth, decoder.depth),
        ),
        inputs=_inputs(),
        mask_video=0.75,
        mask_audio=0.75,
    )
    config.data.train_ops = [
        call(video.SampleClip, count=FRAMES, stride=STRIDE, how="strided", samples=SAMPLES),
        call(image.MultiScaleCrop, side=SIDE),
    ]
    config.optimizer = call(
        optim.adamw,
        schedule=_schedule(2e-3, config.train.steps),
        b2=0.95,
        no_decay=["mask_token$"],
    )
    config.select.update(metric="loss", mode="min")
    config.evaluate = ["test"]
    return config


def _base(arg: ml_collections.ConfigDict, steps: int) -> ml_collections.ConfigDict:
    config = defaults.config(seed=arg.seed)
    config.train.update(steps=steps, batch=32, log_every=50, eval_every=200, checkpoint_every=200)
    config.data.update(builder=BUILDER, fps=FPS, fake=64 if arg.fake else 0, threads=2)
    if arg.tiny:
        defaults.tiny(config)
        config.data.builder_config = "test"
    config.data.eval_ops = [
        call(video.SampleClip, count=FRAMES, stride=STRIDE, how="segments", samples=SAMPLES),
        call(image.Resize, side=SIDE),
        *_drop(arg.modalities),
    ]
    return config


def _finetune(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    tower, fusion_depth, _ = _size(arg)
    if arg.modalities not in ("av", "audio", "video"):
        raise ValueError(f"modalities={arg.modalities}; allowed: av, audio, video")
    return call(
        hicmae_finetune.Finetune,
        heads={"logits": CLASSES, "vad": 3},
        video=_tower(tower) if arg.modalities != "audio" else None,
        audio=_tower(tower) if arg.modalities != "video" else None,
        fusion_depth=fusion_depth,
        fusion_heads=tower.heads,
        drop_path=0.05,
        activation="tanh",
    )


def _size(arg: ml_collections.ConfigDict) -> tuple[hicmae.Tower, int, hicmae.Tower]:
    return hicmae.size("test" if arg.tiny else arg.size)


def _tower(tower: hicmae.Tower) -> ml_collections.ConfigDict:
    return call(hicmae.Tower, width=tower.width, depth=tower.depth, heads=tower.heads)


def _inputs() -> ml_collections.ConfigDict:
    return call(inputs.Inputs, mel_frames=MEL_FRAMES, mels=MELS)


def _drop(modalities: str) -> list[ml_collections.ConfigDict]:
    gone = {"audio": ["frames"], "video": ["audio"]}
    return [call(video.Drop, keys=gone[modalities])] if modalities in gone else []


def _schedule(peak: float, steps: int) -> ml_collections.ConfigDict:
    return call(schedule.warmup_cosine, peak=peak, steps=steps, warmup=steps // 10)
