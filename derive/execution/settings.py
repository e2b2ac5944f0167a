"""The settings of a call: numbers, whole numbers (one, or one for each axis), yes or no, and words.

The kind of a setting is that of its default: 0.01 asks for a number, 1 for a whole number or a tuple of
them, False for a yes or no; None stands for a whole number that is worked out unless it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from derive.execution.signature import ExecutionError

Setting = bool | int | float | str | None | Sequence[int]
Words = Mapping[str, tuple[str, ...]]
"""For a setting that may also be a word: which words."""


def checked_settings(
    operation: str, defaults: Mapping[str, Any], given: Mapping[str, Any], words: Words
) -> dict[str, Any]:
    """All settings of an operation in their Python types, the given ones over the defaults.

    >>> checked_settings("conv2d", {"stride": 1, "padding": 0}, {"stride": (2, 1)}, {"padding": ("same",)})
    {'stride': (2, 1), 'padding': 0}
    >>> checked_settings("elu", {"alpha": 1.0}, {"alpha": "1"}, {})
    Traceback (most recent call last):
    derive.execution.signature.ExecutionError: elu: alpha must be a finite number; it is '1'
    """
    known = ", ".join(f"{key} (default {value})" for key, value in defaults.items())
    for key in given:
        if key not in defaults:
            takes = f"it takes {known}" if known else "it takes none"
            raise ExecutionError(f"{operation}: there is no setting {key}; {takes}")
    return {
        key: _checked(operation, key, default, given.get(key, default), words.get(key, ()))
        for key, default in defaults.items()
    }


def _checked(operation: str, key: str, default: Any, value: Any, words: tuple[str, ...]) -> Any:
    if isinstance(value, str) and value in words:
        return value
    if isinstance(default, bool):
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        raise ExecutionError(f"{operation}: {key} must be True or False; it is {value!r}")
    if isinstance(default, float):
        if not _is_number(value):
            raise ExecutionError(f"{operation}: {key} must be a finite number; it is {value!r}")
        # A Python float: with a NumPy float64 a rule would compute float32 data in double and round it.
        return float(value)
    if value is None and default is None:
        return None
    several = isinstance(value, (tuple, list, np.ndarray))
    numbers = list(value) if several else [value]
    if not numbers or not all(_is_number(one) and one == int(one) for one in numbers):
        also = "".join(f", or {word!r}" for word in words)
        raise ExecutionError(
            f"{operation}: {key} must be a whole number or one for each axis{also}; it is {value!r}"
        )
    return tuple(int(one) for one in numbers) if several else int(value)


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return number and bool(np.isfinite(value))


def for_each_axis(operation: str, key: str, value: int | Sequence[int], axes: int, least: int) -> list[int]:
    """One number for each axis, each at least `least`.

    >>> for_each_axis("conv2d", "stride", 2, 2, 1), for_each_axis("conv2d", "padding", (0, 1), 2, 0)
    ([2, 2], [0, 1])
    """
    values = [value] * axes if isinstance(value, int) else list(value)
    if len(values) != axes:
        raise ExecutionError(
            f"{operation}: {key} must be one number or {axes}, one for each axis; it is {tuple(values)}"
        )
    if min(values) < least:
        raise ExecutionError(f"{operation}: {key} must be at least {least}; it is {value}")
    return values
