"""All operations by name, found family file by family file."""

from __future__ import annotations

import importlib
import pkgutil
from fractions import Fraction
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


def operation(name: str, **settings: Fraction | int) -> Operation:
    """The operation with this name; numbers may be given for its hyper-parameters.

    Raises :class:`UnknownOperationError`, which suggests near names, and :class:`ValueError` for a
    hyper-parameter that it does not have.

    >>> operation("softmax").summary
    'Turns scores into probabilities: positive numbers that sum to 1.'
    >>> [str(extent) for extent in operation("conv1d", stride=2, padding=1, dilation=1).output_shape]
    ['N', 'O', 'floor(L/2 - k/2) + 2']
    """
    return _built(name, tuple(sorted(settings.items())))


@cache
def _built(name: str, settings: tuple[tuple[str, Fraction | int], ...]) -> Operation:
    _load()
    if name not in ENTRIES:
        raise UnknownOperationError(name)
    if not settings:
        return ENTRIES[name].operation()
    known = set(_built(name, ()).keywords.values())
    for key, _ in settings:
        if key not in known:
            raise ValueError(
                f"{name}: {unknown('setting', key, sorted(known)) if known else 'it has no settings'}"
            )
    return ENTRIES[name].operation(dict(settings))
