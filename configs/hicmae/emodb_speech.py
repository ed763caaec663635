"""EmoDB, seven emotions of German actors, one speaker left out: HiCMAE's audio tower.

  python -m affectjax.main --config=configs/hicmae/emodb_speech.py:speaker=3 --workdir=runs/emodb3
  python -m affectjax.main --config=configs/hicmae/emodb_speech.py:speaker=3 --workdir=runs/emodb3 \
    --mode=evaluate

Reads emodb/ under $AFFECTJAX_DATA (default: ../shared/data). Two other speakers, a man and a woman,
choose the checkpoint. The recipe is experiments/hicmae/speech.py, chosen on RAVDESS's validation
speakers. The split `all` holds every speaker, for runs that were trained on other corpora (--on).
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect import labels
from affectjax.data import source
from experiments.hicmae import speech
from tfds_builders.emodb import emodb_dataset_builder as emodb


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: speaker (3 8 9 10 .. 16), seed, steps, batch, size (of SIZES), stem conv|patch,
    members (above 1: an ensemble in one run, each member holding out a woman and a man of its own)
    and groups as in ravdess_speech.py, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        speaker=3,
        seed=0,
        steps=1000,
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
        manual_dir = source.raw_folder("emodb", "../shared/data")
        present = emodb.present_speakers(manual_dir)
        everyone = "+".join(f"speaker{s:02}" for s in present)
        splits = {**emodb.folds(arg.speaker, present), "all": everyone}
        if groups > 1:
            held_out = emodb.groups(arg.speaker, present, groups)
            splits["train"] += "+" + splits["validation"]
            splits["validation"] = emodb.expression(s for group in held_out for s in group)
    return speech.config(
        arg,
        builder="tfds_builders.emodb.emodb_dataset_builder",
        builder_config="",
        classes=len(labels.EMODB7),
        manual_dir=manual_dir,
        splits=splits,
        held_out=held_out,
    )
