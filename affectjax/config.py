"""Configs as data: `call` records a function and all its arguments, `build` calls it.

`call(optax.adamw, learning_rate=1e-3)` becomes a ConfigDict `{"call": "optax:adamw",
"learning_rate": 1e-3, "b1": 0.9, ...}`: every default of the signature is filled in, so any
argument can be overridden on the command line and the resolved config says everything. An
argument that the signature lacks is an error at once, with the near miss.
"""

import dataclasses
import difflib
import importlib
import importlib.util
import inspect
import json
import pathlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import ml_collections

NAME = "call"
_PLAIN = (bool, int, float, str, type(None))


def call(fn: Callable[..., Any] | str, **kwargs: Any) -> ml_collections.ConfigDict:
    """Record a call of fn (a callable, or "module:name" to keep its import lazy) as a ConfigDict.

    Defaults of the signature that are plain values (numbers, strings, None, tuples and dicts of
    them) are filled in; arguments without a default and not given are left for `build` to receive.

    Raises:
      TypeError: an argument that the signature does not have.
    """
    where = fn if isinstance(fn, str) else f"{fn.__module__}:{fn.__qualname__}"
    target = resolve(where)
    known = _parameters(target)
    _check_names(where, known, kwargs)
    defaults = {
        name: p.default
        for name, p in known.items()
        if p.default is not inspect.Parameter.empty and _is_plain(p.default)
    }
    values = {NAME: where, **defaults, **kwargs}
    return ml_collections.ConfigDict(
        {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    )


def recorded(value: Any) -> Any:
    """The calls that `build` makes an equal value of: dataclasses by their fields, the rest as is.

    >>> from affectjax.models.transformer import Tower
    >>> recorded(Tower(8, 1, 2)).to_dict()
    {'call': 'affectjax.models.transformer:Tower', 'depth': 1, 'heads': 2, 'mlp': 0, 'width': 8}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return call(type(value), **{name: recorded(field) for name, field in fields.items()})
    if isinstance(value, list | tuple):
        return [recorded(item) for item in value]
    return value


def build(config: Any, path: str = "config", **given: Any) -> Any:
    """Build what a config describes: call every recorded function, inside first.

    `given` are arguments known only at run time (a source, a mesh); they win over the config's.
    Values without a recorded call are returned as they are, lists as tuples.

    Raises:
      TypeError: unknown or missing argument; the message holds the config path.
    """
    if isinstance(config, Mapping | ml_collections.ConfigDict):
        values = {k: build(v, f"{path}.{k}") for k, v in config.items() if k != NAME}
        if NAME not in config:
            return values
        target = resolve(config[NAME], path)
        _check_names(f"{path} ({config[NAME]})", _parameters(target), {**values, **given})
        try:
            return target(**{**values, **given})
        except Exception as error:
            error.add_note(f"while building {path} = {config[NAME]}")
            raise
    if isinstance(config, list | tuple):
        return tuple(build(v, f"{path}[{i}]") for i, v in enumerate(config))
    return config


def resolve(where: str, path: str = "config") -> Callable[..., Any]:
    """The object that "module:name" points at."""
    module, _, name = where.partition(":")
    try:
        target: Any = importlib.import_module(module)
        for part in name.split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError) as error:
        raise TypeError(f"{path}: {where!r} does not name a function or class: {error}") from error
    return target


def load(spec: str) -> ml_collections.ConfigDict:
    """The config of "path/to/file.py[:arg=value,flag,...]".

    Raises:
      FileNotFoundError: no such config file.
      TypeError: an argument that the file's get_config does not know.
    """
    file, _, arg = spec.partition(":")
    if not pathlib.Path(file).is_file():
        raise FileNotFoundError(f"--config: no file {file!r} here; configs live in configs/")
    module_spec = importlib.util.spec_from_file_location("affectjax_config", file)
    if module_spec is None or module_spec.loader is None:
        raise FileNotFoundError(f"--config: {file!r} is not a Python file")
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module.get_config(arg)


def parse_arg(arg: str | None, **defaults: Any) -> ml_collections.ConfigDict:
    """Read "fold=2,tiny" against typed defaults; a bare name means True.

    >>> arg = parse_arg("fold=2,tiny", fold=1, tiny=False, size="S")
    >>> arg.fold, arg.tiny, arg.size
    (2, True, 'S')
    """
    values = dict(defaults)
    for item in filter(None, (arg or "").split(",")):
        name, equals, text = item.partition("=")
        if name not in defaults:
            raise TypeError(_unknown("config argument", name, "the config file", [*defaults]))
        values[name] = _typed(text, defaults[name], name) if equals else True
        if not equals and not isinstance(defaults[name], bool):
            raise TypeError(f"config argument {name!r} needs a value: {name}=...")
    return ml_collections.ConfigDict(values)


def one_of(arg: ml_collections.ConfigDict, **allowed: Collection[Any]) -> None:
    """Check arguments of a config against what is allowed.

    Raises:
      ValueError: one of them has another value.

    >>> one_of(parse_arg("net=vit", net=""), net=["lite0", "lite4"])
    Traceback (most recent call last):
    ValueError: net=vit; allowed: lite0, lite4
    """
    for name, values in allowed.items():
        if arg[name] not in values:
            each = ", ".join(map(str, values))
            told = f"{values[0]} to {values[-1]}" if isinstance(values, range) else each
            raise ValueError(f"{name}={arg[name]}; allowed: {told}")


def to_json(config: ml_collections.ConfigDict) -> str:
    """The resolved config as JSON text, keys in order of definition."""
    return json.dumps(to_plain(config), indent=1, sort_keys=False)


def to_plain(value: Any) -> Any:
    """Dicts, lists and plain values of a config."""
    if isinstance(value, Mapping | ml_collections.ConfigDict):
        return {k: to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    return value


def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    hidden = {"parent", "name"} if _is_linen(target) else set()
    return {k: v for k, v in inspect.signature(target).parameters.items() if k not in hidden}


def _is_linen(target: Any) -> bool:
    return any(base.__module__.startswith("flax.linen") for base in getattr(target, "__mro__", ()))


def _check_names(where: str, known: Mapping[str, inspect.Parameter], given: Mapping) -> None:
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        return
    for name in given:
        if name not in known:
            raise TypeError(_unknown("argument", name, where, [*known]))


def _unknown(kind: str, name: str, where: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{where} has no {kind} {name!r}{hint} It takes: {', '.join(known)}"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(v) for v in value)
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    return isinstance(value, _PLAIN)


def _typed(text: str, default: Any, name: str) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise TypeError(f"config argument {name}={text!r}: say true or false")
        return text.lower() == "true"
    if default is None:
        return text
    try:
        return type(default)(text)
    except ValueError as error:
        kind = type(default).__name__
        raise TypeError(f"config argument {name}={text!r} is not of type {kind}") from error
