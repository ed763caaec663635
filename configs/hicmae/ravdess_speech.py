"""RAVDESS speech, eight emotions, unseen speakers, sound alone: HiCMAE's audio tower.

  python -m affectjax.main --config=configs/hicmae/ravdess_speech.py:fold=1 --workdir=runs/fold1
  python -m affectjax.main --config=configs/hicmae/ravdess_speech.py:fold=1 --workdir=runs/fold1 \
    --mode=evaluate

Reads ravdess/ under $AFFECTJAX_DATA (default: ../shared/data). Trains from nothing but the
training speakers of the fold; checkpoints are chosen on validation speakers taken from them.
The recipe is experiments/hicmae/speech.py. The split `all` holds every actor present, for runs that
were trained on other corpora (--on).
The paper's audio-only model, pre-trained on a million clips: WAR 0.723 over six folds; openSMILE
eGeMAPS + SVM: UAR 0.486. Ours: see experiments/hicmae/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.data import source
from experiments.hicmae import speech
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: fold 1..6, seed, steps, batch, size (of SIZES), stem conv|patch, members (above 1:
    an ensemble in one run, each member holding out two men and two women of its own; their union
    is the validation split, where each is judged by the members that never heard them), groups (so
    many sets of speakers held out, shared by the members in turn; 0: one to each; 1: the fold's
    validation speakers, whom none hears), tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        fold=1,
        seed=0,
        steps=1500,
        batch=32,
        size="micro",
        stem="conv",
        members=1,
        groups=0,
        tiny=False,
        fake=False,
    )
    groups = arg.groups or arg.members
    manual_dir, splits = "", {"all": "all"}
    held_out = [[i] for i in range(groups)] if groups > 1 else []
    if not arg.fake:
        manual_dir = source.raw_folder("ravdess", "../shared/data")
        present = ravdess.present_actors(manual_dir)
        everyone = "+".join(f"actor{a:02}" for a in present)
        splits = {**ravdess.folds(arg.fold, present), "all": everyone}
        if groups > 1:
            held_out = ravdess.groups(arg.fold, present, groups)
            splits["train"] += "+" + splits["validation"]
            splits["validation"] = ravdess.expression(a for group in held_out for a in group)
    return speech.config(
        arg,
        builder="tfds_builders.ravdess.ravdess_dataset_builder",
        builder_config="speech",
        classes=len(ravdess.EMOTIONS),
        manual_dir=manual_dir,
        splits=splits,
        held_out=held_out,
    )
