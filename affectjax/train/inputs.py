"""The data of a config: sources, batches of this host, and the shapes of a global batch."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from affectjax import batch as batch_lib
from affectjax import config as config_lib
from affectjax.data import fake, lengths, mix, pipeline, source
from affectjax.train import hosts, mixture

Config = Any
Batch = dict[str, np.ndarray]


def train_batches(config: Config, start: int) -> Iterator[Batch]:
    """This host's rows of the training batches from step `start` on.

    Of a mixture its shares are printed.
    """
    data = config.data
    examples = open_split(config, "train")
    if isinstance(examples, mix.Mixture) and hosts.main():
        print(examples.table(config.train.batch, config.train.steps), flush=True)
    ops = config_lib.build(data.train_ops, "config.data.train_ops")
    batches = pipeline.train_batches(
        lengths.grouped(examples, ops, config.train.batch),
        ops,
        seed=config.seed,
        batch=config.train.batch,
        start=start,
        stop=config.train.steps,
        host=jax.process_index(),
        hosts=jax.process_count(),
        threads=data.threads,
        prefetch=data.prefetch,
    )
    return lengths.trimmed(batches, ops, jax.process_count())


def eval_batches(config: Config, split: str) -> Iterator[Batch]:
    """This host's rows of every view of a split, in order, padded."""
    data = config.data
    ops = config_lib.build(data.eval_ops, "config.data.eval_ops")
    batches = pipeline.eval_batches(
        open_split(config, split),
        ops,
        batch=data.eval_batch,
        views=data.views,
        host=jax.process_index(),
        hosts=jax.process_count(),
        threads=data.threads,
        prefetch=data.prefetch,
    )
    return lengths.trimmed(batches, ops, jax.process_count())


def example_spec(config: Config) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and dtypes of the global training batch, from its first example.

    Raises:
      ValueError: an example breaks the table of batch keys, or those of a mixture's parts differ.
    """
    ops = config_lib.build(config.data.train_ops, "config.data.train_ops")
    examples = open_split(config, "train")
    if isinstance(examples, mix.Mixture):
        mix.check_alike(examples, ops)
    first = next(
        pipeline.train_batches(examples, ops, seed=config.seed, batch=1, stop=1, threads=1)
    )
    batch_lib.check(first)
    return _spec(first, config.train.batch)


def eval_spec(config: Config) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and dtypes of a global batch of the selection split, from its first example."""
    ops = config_lib.build(config.data.eval_ops, "config.data.eval_ops")
    examples = open_split(config, config.select.split)
    return _spec(
        next(pipeline.eval_batches(examples, ops, batch=1, views=config.data.views, threads=1)),
        config.data.eval_batch,
    )


def open_split(config: Config, split: str) -> pipeline.Source:
    """The source of a split's expression, or as many fake examples as the config says."""
    data = config.data
    if data.parts:
        return mixture.opened(config, split)
    builder = open_builder(config)
    if data.fake:
        seed = sorted(data.splits).index(split)
        return fake.Fake(builder.info.features, data.fake, seed=seed)
    prepared = hosts.first("the data", lambda: source.prepare(builder))
    return source.split(prepared, split_expression(config, split))


def open_builder(config: Config) -> Any:
    """The TFDS builder of a config that is no mixture."""
    data = config.data
    manual = "" if data.fake else data.manual_dir
    return source.open_builder(data.builder, data.builder_config, manual, data.data_dir)


def open_builders(config: Config) -> dict[str, Any]:
    """The TFDS builders of a mixture by part, or the only one under ""."""
    return mixture.builders(config) if config.data.parts else {"": open_builder(config)}


def split_expression(config: Config, split: str) -> str:
    """What the builder's splits make up the config's `split`; of a mixture, of each part.

    Raises:
      ValueError: the config has no such split.
    """
    if config.data.parts:
        return "; ".join(f"{k}: {v}" for k, v in mixture.expressions(config, split).items())
    if split not in config.data.splits:
        raise ValueError(f"no split {split!r} in config.data.splits: {dict(config.data.splits)}")
    return config.data.splits[split]


def pieces(config: Config, split: str) -> set[str]:
    """Names of the builder's splits, or "<part>:<name>" of a mixture's, that a split is made of.

    Empty for a split that the config does not name.
    """
    data = config.data
    if data.parts:
        given = {f"{name}:": part.splits.get(split, "") for name, part in data.parts.items()}
    else:
        given = {"": data.splits.get(split, "")}
    return {
        prefix + piece.split("[")[0].strip()
        for prefix, expression in given.items()
        for piece in expression.split("+")
        if piece
    }


def _spec(first: Batch, size: int) -> dict[str, jax.ShapeDtypeStruct]:
    return {
        k: jax.ShapeDtypeStruct((size, *v.shape[1:]), v.dtype)
        for k, v in first.items()
        if k not in batch_lib.HOST_ONLY
    }


def label_names(config: Config) -> tuple[str, ...]:
    """Names of what the task predicts, in order: its own `labels`, or the data's categories.

    Empty where there are neither.
    """
    own = config.task.get("labels") or config.data.labels
    if own or config.data.parts:
        return tuple(own)
    features = open_builder(config).info.features
    return tuple(features["emotion"].names) if "emotion" in features else ()
