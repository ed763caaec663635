"""HiCMAE's pre-training as published: masked reconstruction and cross-modal contrast, no labels.

  python -m affectjax.main --config=configs/hicmae/pretrain.py:dataset=crema_d,fold=1 \
    --workdir=runs/pretrain

Reads the dataset's folder under $AFFECTJAX_DATA (default: ../shared/data). Only the training
speakers of the fold are seen, so that configs/hicmae/finetune.py:init=runs/pretrain stays fair.
Reproduces the released script of size B (Sun et al. 2024, arXiv 2401.05698; code at
github.com/sunlicai/HiCMAE): 16 frames 4 apart at 160 pixels in tubelets of 2 x 16 x 16, log-mels of
256 x 128 in patches of 16 x 16, 90% of the tubes and 80% of the sound masked, frame-difference
targets, contrast 0.0025 at 0.07; AdamW (0.9, 0.95) decaying 0.05, rate 3e-4 x batch / 256 down to
1e-5 x batch / 256, batch 160, five epochs of warm-up, 100 epochs, no clipping. T and S share it
(theirs are not released).

Differences: the paper's VoxCeleb2 (1,091,581 clips, five days on four V100) is not built here yet;
float32, or `dtype=bfloat16`, in place of float16; `groups` parts of the batch see their own
negatives, four as on the paper's four devices. Expected loss: not yet measured. Hardware:
accelerators.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.data.ops import image, video, waveform
from affectjax.models import hicmae
from affectjax.tasks import masked
from affectjax.train import optim
from experiments.hicmae import paper

BUILT = ("dataset=ravdess,size=T,dtype=bfloat16",)


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: dataset (of paper.DATASETS), fold, size T|S|B, epochs, batch, groups of negatives,
    dtype (float32 or bfloat16), seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        dataset="crema_d",
        fold=1,
        size="B",
        epochs=100,
        batch=160,
        groups=4,
        dtype="float32",
        seed=0,
        tiny=False,
        fake=False,
    )
    data = paper.dataset(arg.dataset)
    config = paper.base(arg)
    config.task = _task(arg)
    sample = {"count": paper.FRAMES, "stride": data.stride, "samples": paper.SAMPLES}
    config.data.train_ops = [
        call(video.SampleClip, how="strided", **sample),
        call(waveform.Gain),
        call(image.MultiScaleCrop, side=paper.side(arg)),
    ]
    config.data.eval_ops = [
        call(video.SampleClip, how="segments", **sample),
        call(image.Resize, side=paper.side(arg)),
    ]
    config.topology = "v5e:4x4"
    config.optimizer = call(
        optim.adamw,
        schedule=paper.rate(arg, config, peak=3e-4, final=1e-5),
        b2=0.95,
        no_decay=["mask_token$"],  # and not mask_token_audio, as the official code
    )
    config.select.update(metric="loss", mode="min")
    return config


def _task(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    encoder, fusion_depth, decoder = paper.size(arg)
    model = call(
        hicmae.Pretrain,
        video=paper.tower(encoder),
        audio=paper.tower(encoder),
        decoder_video=paper.tower(decoder),
        decoder_audio=paper.tower(decoder),
        fusion_depth=fusion_depth,
        fusion_heads=encoder.heads,
        layers=hicmae.taps(encoder.depth, decoder.depth),
        dtype=arg.dtype,
    )
    return call(
        masked.MaskedPretrain,
        model=model,
        inputs=paper.model_inputs(),
        mask_video=0.9,
        mask_audio=0.8,
        target="framediff",
        contrast_weight=0.0025,
        temperature=0.07,
        negative_groups=arg.groups,
    )
