"""All operations by name, found family file by family file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import derive.ops
from derive.ops.definition import ENTRIES, Operation
from derive.suggest import unknown

_NOT_FAMILIES = {"catalogue", "definition"}


class UnknownOperationError(LookupError):
    """No operation has this name; the message suggests those that are near."""

    def __init__(self, name: str) -> None:
        super().__init__(unknown("operation", name, names()))
        self.name = name


@cache
def _load() -> None:
    for module in sorted(one.name for one in pkgutil.iter_modules(derive.ops.__path__)):
        if module not in _NOT_FAMILIES:
            importlib.import_module(f"derive.ops.{module}")


def names() -> tuple[str, ...]:
    """The names of all operations, family by family."""
    _load()
    return tuple(ENTRIES)


@cache
def operation(name: str) -> Operation:
    """The operation with this name.

    Raises :class:`UnknownOperationError`, which suggests near names.

    >>> operation("softmax").summary
    'Turns scores into probabilities: positive numbers that sum to 1.'
    """
    _load()
    if name not in ENTRIES:
        raise UnknownOperationError(name)
    return ENTRIES[name].operation()
