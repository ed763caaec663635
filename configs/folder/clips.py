"""Your own clips: a folder of films or sounds and a labels.csv, by HiCMAE from nothing or a run.

  python -m affectjax.main --config=configs/folder/clips.py:data=DIR --workdir=runs/mine
  python -m affectjax.main --config=configs/folder/clips.py:data=DIR --workdir=runs/mine \
    --mode=evaluate

What labels.csv may hold: tfds_builders/folder/README.md. Where it has no column `split`, `fold`
says which of the folds of subjects is tested. Categories, valence, arousal (and dominance) are
learnt where they are there, categories first; `target=distribution` learns the votes' shares.

Sound alone is learnt by experiments/hicmae/speech.py's recipe, films by the paper's fine-tuning
(configs/hicmae/finetune.py) without its layer decay. `init` is the work directory of a run of
configs/hicmae/pretrain.py with the same `size`; without it training starts from nothing, for which
the small sizes do better on few clips. Expected figures depend on the data: not yet measured.
Hardware: `size=micro,side=64` on a laptop, T, S and B on accelerators.
"""

import pathlib
from typing import Any

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.data.ops import image, randaugment, video, waveform
from affectjax.models import hicmae, hicmae_finetune
from affectjax.tasks import classify, inputs, regress
from affectjax.train import defaults, optim, schedule
from experiments.hicmae import paper, speech
from tfds_builders.folder import folder_dataset_builder as folder
from tfds_builders.folder import labels

BUILDER = "tfds_builders.folder.folder_dataset_builder"
STRIDE = 4  # of frames at 25 Hz: 16 of them span 2.56 s
CONFIGS = {"av": "audio_video", "video": "video", "audio": "audio"}
BUILT = ("modalities=video,centre", "modalities=av,target=distribution")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: data (the folder), modalities audio|av|video, fold, centre (films are cropped to
    the face already), size (of SIZES), side (pixels), init (a work directory to start from), target
    hard|distribution, vad_loss (of `classify.vad_term`), steps, batch, rate (peak, of AdamW), seed,
    tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        data="",
        modalities="audio",
        fold=1,
        centre=False,
        size="micro",
        side=paper.SIDE,
        init="",
        target="hard",
        vad_loss="ccc",
        steps=1000,
        batch=32,
        rate=1e-3,
        seed=0,
        tiny=False,
        fake=False,
    )
    table = _table(arg)
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    config.train.update(steps=arg.steps, batch=arg.batch, ema=0.995)
    config.data.update(
        builder=BUILDER,
        builder_config=CONFIGS[arg.modalities]
        + "_centre" * (arg.centre and arg.modalities != "audio"),
        fps=folder.FPS,
        views=3,
        fake=64 if arg.fake else 0,
    )
    if not arg.fake:
        config.data.manual_dir = arg.data
        config.data.splits.update(labels.expressions(table, arg.fold))
    if arg.tiny:
        defaults.tiny(config)
        arg.side = 32
    config.task = _task(arg, table)
    config.select.metric = "uar" if table.emotions else "ccc_mean"
    config.data.train_ops, config.data.eval_ops = _ops(arg, config.data.views)
    steps = config.train.steps
    rate = call(schedule.warmup_cosine, peak=arg.rate, steps=steps, warmup=steps // 10)
    config.optimizer = call(optim.adamw, schedule=rate, clip=1.0)
    config.init = arg.init
    config.init_fresh = ["^(head|fc_norm)", "_layer_weights$"]
    config.init_drop = ["^decoder", "^mask_token", "^encoder_to_decoder"]
    if arg.modalities != "av":
        other = "encoder/" if arg.modalities == "audio" else "encoder_audio/"
        config.init_drop = [*config.init_drop, "^encoder_fusion", f"^{other}"]
    return config


def _table(arg: ml_collections.ConfigDict) -> labels.Table:
    """The table of the folder, its arguments checked against it."""
    config_lib.one_of(arg, modalities=CONFIGS)
    if not arg.fake and not arg.data:
        raise ValueError(
            f"which folder? --config=...clips.py:data=DIR, with clips and {labels.FILE} in DIR"
        )
    table = folder.NO_FOLDER if arg.fake else labels.read(pathlib.Path(arg.data))
    config_lib.one_of(arg, target=("hard", "distribution"))
    if arg.target == "distribution" and not table.voted:
        raise ValueError(f"target=distribution: {labels.FILE} has no columns votes_<emotion>")
    return table


def _task(arg: ml_collections.ConfigDict, table: labels.Table) -> ml_collections.ConfigDict:
    heads = {"logits": len(table.emotions)} if table.emotions else {}
    if table.rated:
        heads["vad"] = len(table.rated)
        if arg.vad_loss == "gaussian_nll":
            heads["vad_log_variance"] = len(table.rated)
        if arg.vad_loss == "pinball":
            heads["vad_quantiles"] = 2 * len(table.rated)
    fields: dict[str, Any] = {"model": _model(arg, heads), "inputs": _inputs(arg)}
    if not table.emotions:
        return call(regress.Regress, criterion=arg.vad_loss, **fields)
    return call(
        classify.Classify,
        classes=len(table.emotions),
        target=arg.target,
        smoothing=0.1 if arg.target == "hard" else 0.0,
        vad_weight=1.0 if table.rated else 0.0,
        vad_loss=arg.vad_loss,
        mixup=0.3,
        **fields,
    )


def _model(arg: ml_collections.ConfigDict, heads: dict[str, int]) -> ml_collections.ConfigDict:
    tower, fusion_depth, _ = hicmae.size("test" if arg.tiny else arg.size)
    extra: dict[str, Any] = {}
    if _from_nothing(arg):
        _, layers = speech.stem_of(_stem(arg))
        extra = {"stem_audio": layers, "pool": "mean_std", "dropout": 0.3}
    return call(
        hicmae_finetune.Finetune,
        heads=heads,
        video=paper.tower(tower) if arg.modalities != "audio" else None,
        audio=paper.tower(tower) if arg.modalities != "video" else None,
        fusion_depth=fusion_depth,
        fusion_heads=tower.heads,
        drop_path=0.1,
        activation="tanh",
        **extra,
    )


def _inputs(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    if not _from_nothing(arg):
        return paper.model_inputs(erase=0.25)
    mels, _ = speech.stem_of(_stem(arg))
    masks = {"freq_mask": 24 * mels // 128, "time_mask": 32, "masks": 2}
    return call(inputs.Inputs, mels=mels, clip_norm=True, **masks)


def _stem(arg: ml_collections.ConfigDict) -> str:
    return "patch" if arg.tiny else "conv"  # which compiles in a fraction of the time


def _from_nothing(arg: ml_collections.ConfigDict) -> bool:
    """Whether it is the speech recipe's model, which no pre-training fits."""
    return arg.modalities == "audio" and not arg.init


def _ops(arg: ml_collections.ConfigDict, views: int) -> tuple[list[Any], list[Any]]:
    """Of training and of evaluation."""
    if arg.modalities == "audio":
        window = {"samples": paper.SAMPLES}
        train = [
            call(waveform.TrimSilence),
            call(waveform.Speed, spread=0.15),
            call(waveform.Gain),
            call(waveform.AudioWindow, random=True, **window),
        ]
        return train, [
            call(waveform.TrimSilence),
            call(waveform.AudioWindow, views=views, **window),
        ]
    sample = {"count": paper.FRAMES, "stride": STRIDE, "samples": paper.SAMPLES}
    heard = [call(waveform.Gain)] if arg.modalities == "av" else []
    train = [
        call(video.SampleClip, how="window", **sample),
        *heard,
        call(image.Resize, side=arg.side),
        call(randaugment.RandAugment, magnitude=7.0, count=4, deviation=0.5),
        call(image.RandomResizedCrop, side=arg.side, scale=[0.3, 1.0]),
        call(image.Flip, prob=0.5),
    ]
    evaluation = [
        call(video.SampleClip, how="segments", views=views, **sample),
        call(image.Resize, side=arg.side),
    ]
    return train, evaluation
