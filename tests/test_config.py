"""Configs: recorded calls, overrides, and errors with the near miss."""

from dataclasses import dataclass

import ml_collections
import pytest

from affectjax import config as config_lib
from affectjax.config import build, call


@dataclass(frozen=True)
class Part:
    width: int = 4
    dropout: float = 0.0


@dataclass(frozen=True)
class Whole:
    part: Part
    name: str = "x"
    sizes: tuple = (1, 2)


def test_defaults_of_the_signature_are_filled_in():
    config = call(Part, width=8)
    assert config.to_dict() == {"call": f"{__name__}:Part", "width": 8, "dropout": 0.0}


def test_nested_calls_are_built_inside_first_and_lists_become_tuples():
    built = build(call(Whole, part=call(Part, width=3)))
    assert built == Whole(Part(3), "x", (1, 2))


def test_any_field_can_be_overridden_before_building():
    config = ml_collections.ConfigDict({"task": call(Whole, part=call(Part))})
    config.task.part.width = 9
    assert build(config.task).part.width == 9


def test_an_unknown_argument_is_an_error_with_the_near_miss():
    with pytest.raises(TypeError, match=r"no argument 'dropuot'; did you mean 'dropout'\?"):
        call(Part, dropuot=0.1)


def test_an_unknown_field_set_later_is_an_error_with_its_path():
    config = call(Part)
    with config.unlocked():
        config.widht = 3
    with pytest.raises(TypeError, match=r"config\.task.*'widht'; did you mean 'width'"):
        build(config, "config.task")


def test_arguments_known_at_run_time_win():
    assert build(call(Part), width=7).width == 7


def test_a_failure_while_building_names_the_config_path():
    config = ml_collections.ConfigDict({"call": f"{__name__}:fail"})
    with pytest.raises(RuntimeError) as error:
        build(config, "config.data")
    assert "config.data" in error.value.__notes__[0]


def fail() -> None:
    raise RuntimeError("no")


def test_config_arguments_are_typed_and_named():
    arg = config_lib.parse_arg("fold=3,tiny,lr=0.5", fold=1, tiny=False, lr=0.1, size="B")
    assert (arg.fold, arg.tiny, arg.lr, arg.size) == (3, True, 0.5, "B")
    with pytest.raises(TypeError, match="did you mean 'fold'"):
        config_lib.parse_arg("flod=3", fold=1)
    with pytest.raises(TypeError, match="not of type int"):
        config_lib.parse_arg("fold=x", fold=1)


def test_a_missing_config_file_says_so():
    with pytest.raises(FileNotFoundError, match=r"no file 'nothing\.py'"):
        config_lib.load("nothing.py:tiny")
