"""The data of a config that mixes datasets: `config.data.parts`, `labels` and `temperature`."""

from functools import partial
from typing import Any

from affectjax import config as config_lib
from affectjax.data import fake, mix, source, unify
from affectjax.train import hosts

Config = Any
Parts = dict[str, mix.Part]
_SPLITS = ("train", "validation", "test")  # seeds of fake examples; any other split comes after


def opened(config: Config, split: str) -> mix.Mixture:
    """The mixture of all parts that have the split; what each lacks is stored as unknown.

    Raises:
      ValueError: no part has it, labels that do not fit (see `check`), or a name twice.
    """
    data, parts = config.data, parts_of(config)
    check(config)
    expressions(config, split)
    held = builders(config)
    features = [builder.info.features for builder in held.values()]
    found = []
    for number, (name, part) in enumerate(parts.items()):
        if split not in part.splits:
            continue
        found.append(
            mix.Opened(
                name=name,
                number=number,
                examples=_examples(held[name], part, split, data.fake, number),
                weight=part.weight,
                emotion=_labels(name, part, held[name], "emotion", data.labels),
                votes=_labels(name, part, held[name], "votes", data.labels)
                or _labels(name, part, held[name], "distribution", data.labels),
                units=_units(held[name]) if data.units else (),
                teaches=part.teaches,
                ops=part.ops,
            )
        )
    return mix.Mixture(
        found,
        tuple(data.labels),
        rated=any("vad" in keys for keys in features),
        voted=any("votes" in keys or "distribution" in keys for keys in features),
        units=tuple(data.units),
        temperature=data.temperature,
    )


def builders(config: Config) -> dict[str, Any]:
    """The TFDS builder of each part."""
    is_fake = bool(config.data.fake)
    return {name: _builder(part, is_fake) for name, part in parts_of(config).items()}


def parts_of(config: Config) -> Parts:
    """The parts of a config by name, in the order of their names (a ConfigDict keeps no other)."""
    return {
        name: config_lib.build(config.data.parts[name], f"config.data.parts.{name}")
        for name in sorted(config.data.parts)
    }


def expressions(config: Config, split: str) -> dict[str, str]:
    """The split expression of each part that has the split.

    Raises:
      ValueError: no part has it.
    """
    parts = config.data.parts
    found = {name: part.splits[split] for name, part in parts.items() if split in part.splits}
    if not found:
        has = {name: sorted(part.splits) for name, part in parts.items()}
        raise ValueError(f"no part of config.data.parts has the split {split!r}; they have {has}")
    return found


def check(config: Config) -> None:
    """Raise ValueError where a mixture and the task do not fit.

    The mixture names its categories, and the task knows that rows may lack labels
    (`datasets` of `Classify` and `Regress`), dataset by dataset in the order of their names.
    """
    data = config.data
    task = config.task.get("task") or config.task  # an ensemble holds its members' task
    if "classes" in task and not data.labels:
        raise ValueError(
            "config.data.labels is empty: name the categories of the mixture, such as "
            "affectjax.data.unify.union([...]) of its parts'"
        )
    if twice := sorted({x for x in data.labels if list(data.labels).count(x) > 1}):
        raise ValueError(f"config.data.labels names {', '.join(twice)} twice")
    for name, part in data.parts.items():
        if odd := sorted(set(part.teaches) - set(mix.LABELS)):
            raise ValueError(
                f"config.data.parts.{name}.teaches names {', '.join(odd)}; allowed: "
                f"{', '.join(mix.LABELS)}"
            )
    if list(task.get("units", ())) != list(data.units):
        raise ValueError(
            f"config.task.units = {list(task.get('units', ()))}, but config.data.units = "
            f"{list(data.units)}"
        )
    told, names = list(task.get("datasets", ())), sorted(data.parts)
    if told != names:
        raise ValueError(
            f"config.task.datasets = {told}, but config.data.parts are {names}: rows of a mixture "
            "may lack labels, which Classify, Regress and Unified mask where they are given "
            "datasets=[...]"
        )


def _builder(part: mix.Part, is_fake: bool) -> Any:
    manual = "" if is_fake else part.manual_dir
    return source.open_builder(part.builder, part.builder_config, manual, part.data_dir)


def _examples(builder: Any, part: mix.Part, split: str, size: int, number: int) -> Any:
    if size:
        known = [*_SPLITS, *sorted(set(part.splits) - set(_SPLITS))]
        return fake.Fake(builder.info.features, size, seed=known.index(split) + 100 * number)
    prepared = hosts.first("the data", partial(source.prepare, builder))
    return source.split(prepared, part.splits[split])


def _units(builder: Any) -> tuple[int, ...]:
    """Numbers of a part's action units; none where it has none."""
    if "action_units" not in builder.info.features:
        return ()
    return unify.unit_numbers(dict(builder.info.metadata)["names"]["action_units"])


def _labels(name: str, part: mix.Part, builder: Any, key: str, labels: Any) -> Any:
    """What the categories of a key become; None where there are none here or in the mixture."""
    if not labels or key not in builder.info.features or (part.teaches and key not in part.teaches):
        return None
    feature = builder.info.features[key]
    names = getattr(feature, "names", None) or dict(builder.info.metadata)["names"][key]
    return unify.label_map(name, names, labels, part.also)
