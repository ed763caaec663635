"""RAVDESS speech, eight emotions, unseen speakers, sound alone: HiCMAE's audio tower.

  python -m affectjax.main --config=configs/hicmae/ravdess_speech.py:fold=1 --workdir=runs/fold1
  python -m affectjax.main --config=configs/hicmae/ravdess_speech.py:fold=1 --workdir=runs/fold1 \
    --mode=evaluate

Reads ravdess/ under $AFFECTJAX_DATA (default: ../shared/data). Trains from nothing but the
training speakers of the fold; checkpoints are chosen on validation speakers taken from them.
Three convolutions make tokens of 40 ms in place of HiCMAE's 16 x 16 patches, and mean and standard
deviation pool them: on 720 clips that learns far more.
The paper's audio-only model, pre-trained on a million clips: WAR 0.723 over six folds; openSMILE
eGeMAPS + SVM: UAR 0.486. Ours: see experiments/hicmae/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.data import source
from affectjax.data.ops import video, waveform
from affectjax.models import hicmae, hicmae_finetune, stem
from affectjax.tasks import classify, inputs
from affectjax.train import defaults, optim, schedule
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess

SAMPLES = 400 + 255 * 160  # the waveform under 256 rows of log-mel


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: fold 1..6, seed, steps, size (of SIZES), tiny, fake."""
    arg = config_lib.parse_arg(
        arg, fold=1, seed=0, steps=1500, batch=32, size="micro", tiny=False, fake=False
    )
    tower, _, _ = hicmae.size("test" if arg.tiny else arg.size)
    config = defaults.config(seed=arg.seed)
    config.task = call(
        classify.Classify,
        model=call(
            hicmae_finetune.Finetune,
            heads={"logits": len(ravdess.EMOTIONS)},
            audio=call(hicmae.Tower, width=tower.width, depth=tower.depth, heads=tower.heads),
            stem_audio=call(stem.AudioStem, channels=[16, 32, 32]),
            pool="mean_std",
            drop_path=0.1,
            dropout=0.3,
        ),
        inputs=call(inputs.Inputs, clip_norm=True, freq_mask=24, time_mask=32, masks=2),
        classes=len(ravdess.EMOTIONS),
        smoothing=0.1,
        mixup=0.3,
    )
    config.train.update(steps=arg.steps, batch=arg.batch, ema=0.995)
    config.data.update(
        builder="tfds_builders.ravdess.ravdess_dataset_builder",
        builder_config="speech",
        fake=64 if arg.fake else 0,
        views=3,
    )
    if not arg.fake:
        config.data.manual_dir = source.raw_folder("ravdess", "../shared/data")
        config.data.splits.update(
            ravdess.folds(arg.fold, ravdess.present_actors(config.data.manual_dir))
        )
    config.data.train_ops = [
        call(waveform.TrimSilence),
        call(waveform.Speed, spread=0.15),
        call(waveform.Gain),
        call(waveform.AudioWindow, samples=SAMPLES, random=True),
        call(video.Drop, keys=["frames"]),
    ]
    config.data.eval_ops = [
        call(waveform.TrimSilence),
        call(waveform.AudioWindow, samples=SAMPLES, views=config.data.views),
        call(video.Drop, keys=["frames"]),
    ]
    if arg.tiny:
        defaults.tiny(config)
    config.optimizer = call(
        optim.adamw,
        schedule=call(
            schedule.warmup_cosine,
            peak=2e-3,
            steps=config.train.steps,
            warmup=config.train.steps // 10,
        ),
        clip=1.0,
    )
    return config
