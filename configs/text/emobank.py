"""EmoBank: valence, arousal and dominance of English sentences by a fine-tuned MiniLM.

  python -m experiments.text.start --workdir=runs/minilm
  python -m affectjax.main --config=configs/text/emobank.py:init=runs/minilm --workdir=runs/emobank
  python -m affectjax.main --config=configs/text/emobank.py:init=runs/minilm \
    --workdir=runs/emobank --mode=evaluate

Reads emobank/ under $AFFECTJAX_DATA (default: ../shared/data), its published split. Starts from
the encoder of `init`; `init=runs/goemotions` takes one that has learnt emotions before
(configs/text/goemotions.py).
Ridge on the frozen embedding: Pearson r 0.622 valence, 0.434 arousal, 0.346 dominance. Ours: 0.733,
0.527, 0.435 with init=runs/goemotions; one epoch from MiniLM (--config.train.steps=251): 0.710,
0.509, 0.402.
Hardware: two CPU cores, 0.9 s of processor time a step. More: experiments/text/README.md.
"""

import ml_collections

from affectjax import config as config_lib
from affectjax.config import call
from affectjax.tasks import regress
from experiments.text import recipe

TRAINING_SENTENCES = 8_062
SCALE = (0.1751, 0.1311, 0.1053)  # standard deviations of the training sentences' VAD
BUILT = ("trained=head", "trained=all")


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: init (a work directory to start from), trained blocks|all|head (blocks: the
    embeddings and the lowest `still` blocks stay as they are, head: the whole encoder does), rate
    (of the last block), decay (of the rate, a block down), epochs, batch, loss (of
    `classify.vad_term`), hide (share of tokens hidden in training), dropout, ema, size (of
    `bert.SIZES`), vocabulary, seed, tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        **recipe.ARGUMENTS,
        rate=2e-4,
        epochs=2.0,
        batch=32,
        loss="mse",
        hide=0.0,
        dropout=0.1,
        ema=0.0,
    )
    config = recipe.config(
        arg, dataset="emobank", examples=TRAINING_SENTENCES, longest=128, buckets=(24, 40, 64, 96)
    )
    config.train.ema = arg.ema
    config.select.metric = "ccc_mean"
    config.task = call(
        regress.Regress,
        model=recipe.model(arg, {"vad": 3}, arg.dropout),
        inputs=recipe.inputs(arg.hide),
        criterion=arg.loss,
        scale=list(SCALE),
    )
    config.optimizer = recipe.adamw(arg, config.train.steps, arg.rate)
    return config
