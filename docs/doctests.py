"""An extension of griffe: doctests of docstrings become blocks of code on the API's pages."""

import re
from typing import Any

import griffe

_DOCTEST = re.compile(r"^>>> .*(?:\n(?!\n).*)*", re.MULTILINE)


def fenced(text: str) -> str:
    """The text with a fence around each doctest; one ends at an empty line, as doctest has it.

    >>> fenced("Sum.\\n\\n>>> 1 + 1\\n2").splitlines()
    ['Sum.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    return _DOCTEST.sub(lambda match: f"```pycon\n{match[0]}\n```", text)


class Doctests(griffe.Extension):
    """Fences the doctests of every object."""

    def on_object(self, *, obj: Any, **kwargs: Any) -> None:
        """Called by griffe for each object that it read."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
