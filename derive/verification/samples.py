"""Random inputs for an operation, inside its declared domains and away from kinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from derive.ops.definition import (
    CLASS_INDEX,
    NONNEGATIVE,
    PROBABILITY,
    PROBABILITY_VECTOR,
    TARGET,
    Input,
    Operation,
)

PRIMES = (3, 5, 7, 11, 13, 17)
"""Sizes that are all different: a wrong transpose then fails by shape."""

_ELEMENTWISE_LENGTH = 7
_AWAY_FROM_KINKS = 0.05


@dataclass(frozen=True)
class Setting:
    """Sizes and hyper-parameters for one trial."""

    sizes: dict[str, int]
    parameters: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in (self.sizes | self.parameters).items())


def settings_of(operation: Operation) -> Iterator[Setting]:
    """Settings to try: sizes in two orders of primes, hyper-parameters at and off their defaults."""
    names = [symbol.name for symbol in operation.program.sizes()]
    for shift, scale in ((0, Fraction(1)), (1, Fraction(7, 3)), (2, Fraction(1, 5))):
        primes = PRIMES[shift : shift + len(names)][:: -1 if shift % 2 else 1]
        parameters = {symbol.name: float(value * scale) for symbol, value in operation.settings.items()}
        yield Setting(dict(zip(names, primes, strict=True)), parameters)


def draw(operation: Operation, setting: Setting, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One random value for every input."""
    return {one.name: _draw_input(one, operation, setting, rng) for one in operation.inputs}


def _draw_input(one: Input, operation: Operation, setting: Setting, rng: np.random.Generator) -> Any:
    if one.domain == CLASS_INDEX:
        assert one.index is not None
        return np.array(rng.integers(setting.sizes[str(one.index.size)]))
    assert one.tensor is not None
    shape = extents(one.tensor.shape, setting)
    if operation.is_elementwise:
        shape = (_ELEMENTWISE_LENGTH,)
    if one.domain == PROBABILITY:
        return rng.uniform(0.1, 0.9, size=shape)
    if one.domain == TARGET:
        return rng.uniform(0, 1, size=shape)
    if one.domain == PROBABILITY_VECTOR:
        return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    values = rng.normal(size=shape)
    if one.domain == NONNEGATIVE:
        values = np.abs(values)
    return values + np.copysign(_AWAY_FROM_KINKS, values)


def extents(shape: tuple[sp.Expr, ...], setting: Setting) -> tuple[int, ...]:
    """A symbolic shape in numbers."""
    return tuple(
        int(sp.sympify(extent).xreplace({s: sp.Integer(setting.sizes[s.name]) for s in extent.free_symbols}))
        for extent in shape
    )
