"""GoEmotions: 27 emotions and neutral of Reddit comments, several at once, by a fine-tuned MiniLM.

  python -m experiments.text.start --workdir=runs/minilm
  python -m affectjax.main --config=configs/text/goemotions.py:init=runs/minilm \
    --workdir=runs/goemotions
  python -m affectjax.main --config=configs/text/goemotions.py:init=runs/minilm \
    --workdir=runs/goemotions --mode=evaluate

Reads goemotions/ under $AFFECTJAX_DATA (default: ../shared/data), its published split. Thresholds
of the labels are fitted on validation: "calibrated" in evaluation/test.json.
Paper (Demszky et al. 2020), BERT-base: macro F1 0.46. Ours: experiments/text/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import GOEMOTIONS28
from affectjax.config import call
from affectjax.tasks import multilabel
from experiments.text import recipe

TRAINING_COMMENTS = 43_410


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: init (a work directory to start from), trained blocks|all|head (blocks: the
    embeddings and the lowest `still` blocks stay as they are, head: the whole encoder does), rate
    (of the last block), decay (of the rate, a block down), epochs, batch, dropout, size (of
    `bert.SIZES`), vocabulary, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg, **recipe.ARGUMENTS, rate=2e-4, epochs=2.0, batch=64, dropout=0.1
    )
    config = recipe.config(
        arg, dataset="goemotions", examples=TRAINING_COMMENTS, longest=64, buckets=(16, 24, 36)
    )
    config.select.metric = "map"
    config.task = call(
        multilabel.MultiLabel,
        model=recipe.model(arg, {"multilabel_logits": len(GOEMOTIONS28)}, arg.dropout),
        inputs=recipe.inputs(0.0),
        labels=list(GOEMOTIONS28.names),
    )
    config.optimizer = recipe.adamw(arg, config.train.steps, arg.rate)
    return config
