"""Random inputs for an operation, inside its declared domains and away from kinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from derive.ops.definition import (
    BINARY,
    CLASS_INDEX,
    INDICES,
    MASK,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_DEFINITE,
    PROBABILITY,
    PROBABILITY_VECTOR,
    SIGN,
    TARGET,
    Input,
    Operation,
)
from derive.tensor.index import free_indices
from derive.tensor.nodes import Access, IfPositive, Maximum, Tensor, nodes, tensors_in
from derive.tensor.numeric import Compiled, compile_statements
from derive.tensor.program import Statement

PRIMES = (3, 5, 7, 11, 13, 17)
"""Sizes that are all different: a wrong transpose then fails by shape."""

_MANY_PRIMES = (2, *PRIMES, 19, 23)
"""For more sizes than four, smaller ones, so that arrays of all of them do not become large."""

_SMALL_PRIMES = (2, 3, 5, 2, 3, 5, 3, 2, 5, 2, 3)
"""For arrays of four dimensions and more: neighbours differ."""

_ELEMENTWISE_LENGTH = 7
_AWAY_FROM_KINKS = 0.01
_DRAWS = 50


@dataclass(frozen=True)
class Setting:
    """Sizes and hyper-parameters for one trial."""

    sizes: dict[str, int]
    parameters: dict[str, float]
    """The hyper-parameters by their symbols' names."""
    keywords: dict[str, float] = field(default_factory=dict)
    """The same by their full names, as the executor takes them."""

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in (self.sizes | self.keywords).items())


def _primes_for(operation: Operation) -> tuple[int, ...]:
    if max((one.tensor.rank for one in operation.inputs if one.tensor is not None), default=0) >= 4:
        return _SMALL_PRIMES
    return PRIMES if len(operation.program.sizes()) <= 4 else _MANY_PRIMES


def settings_of(operation: Operation) -> Iterator[Setting]:
    """Settings to try: sizes in two orders of primes, hyper-parameters at and off their defaults."""
    names = [symbol.name for symbol in operation.program.sizes()]
    # Less than doubled, so that a probability of at most one half stays one.
    for number, scale in enumerate((Fraction(1), Fraction(9, 5), Fraction(1, 5))):
        primes = _primes_for(operation)[number : number + len(names)][:: -1 if number % 2 else 1]
        chosen = dict(zip(names, primes, strict=False))
        given: dict[str, float] = {}
        if operation.trials:
            trial = operation.trials[number % len(operation.trials)]
            chosen |= {name: trial[name] for name in names if name in trial}
            given = {key: value for key, value in trial.items() if key in operation.keywords.values()}
        keywords = {
            keyword: given.get(keyword, int(default) if symbol.is_integer else float(_varied(default, scale)))
            for symbol, default in operation.settings.items()
            for keyword in [operation.keywords[symbol]]
        }
        parameters = {symbol.name: keywords[operation.keywords[symbol]] for symbol in operation.settings}
        yield Setting(chosen, parameters, keywords)


def _varied(default: Fraction, scale: Fraction) -> Fraction:
    """The default times the scale; a fraction near 1 stays one, and what it lacks to 1 is scaled."""
    return 1 - (1 - default) * scale if Fraction(1, 2) < default < 1 else default * scale


def draw(operation: Operation, setting: Setting, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One random value for every input, away from the kinks: there a difference is no derivative.

    Where the kinks are is read off the definition. With so many of them that no draw is clear of all, it is
    the one that is farthest from the nearest.
    """
    best: tuple[float, dict[str, np.ndarray]] | None = None
    for _ in range(_DRAWS):
        drawn = {one.name: _draw_input(one, operation, setting, rng) for one in operation.inputs}
        distance = _distance_to_kinks(operation, drawn, setting)
        if best is None or distance > best[0]:
            best = distance, drawn
        if distance > _AWAY_FROM_KINKS:
            break
    assert best is not None
    return best[1]


@lru_cache(maxsize=512)
def _kinks(operation: Operation) -> tuple[Compiled, ...]:
    """What changes its sign at a kink: each condition of cases, each number of which the size is taken."""
    found: list[Compiled] = []
    constants = dict(operation.constants)
    before: list[Statement] = []
    for statement in operation.program.statements:
        value = statement.value.xreplace(constants)
        for node in dict.fromkeys(nodes(value)):
            # A condition on indices alone (which key comes later) does not move with any input.
            if isinstance(node, (IfPositive, sp.Abs, sp.sign)) and tensors_in(node.args[0]):
                free = (one for one in free_indices(node.args[0]) if not one.name.startswith("given "))
                indices = sorted(free, key=lambda one: one.name)
                kink = Statement(Tensor.over("kink", *indices)[tuple(indices)], node.args[0])
                settings = [symbol.name for symbol in operation.settings]
                derived = operation.program.derived_sizes
                found.append(compile_statements(operation.program.inputs, [*before, kink], settings, derived))
        before.append(Statement(statement.target, value))
    return tuple(found)


def _distance_to_kinks(operation: Operation, drawn: dict[str, np.ndarray], setting: Setting) -> float:
    kinks = (kink(drawn, **setting.parameters) for kink in _kinks(operation))
    return min((float(np.min(np.abs(values), initial=np.inf)) for values in kinks), default=np.inf)


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
    if one.domain == POSITIVE:
        return rng.uniform(0.3, 3, size=shape)
    if one.domain == TARGET:
        return rng.uniform(0, 1, size=shape)
    if one.domain == PROBABILITY_VECTOR:
        return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    if one.domain == POSITIVE_DEFINITE:
        root = rng.normal(size=shape)
        return root @ root.T / shape[0] + np.eye(shape[0])
    if one.domain == SIGN:
        return rng.choice([-1.0, 1.0], size=shape)
    if one.domain == BINARY:
        return rng.choice([0.0, 1.0], size=shape)
    if one.domain == INDICES:
        return rng.integers(_looked_up(one.tensor, operation, setting), size=shape)
    if one.domain == MASK:
        mask = rng.choice([False, True], size=shape)
        np.put_along_axis(mask, rng.integers(shape[-1], size=(*shape[:-1], 1)), True, axis=-1)
        return mask  # with one entry left in every row, as a softmax over it needs
    if any(one.tensor in tensors_in(node) for node in _maxima(operation)):
        # Evenly spaced in random order: no two are so near that a difference changes which is greatest.
        count = int(np.prod(shape))
        return (rng.permutation(count) - count / 2).reshape(shape) / 7
    values = rng.normal(size=shape)
    return np.abs(values) if one.domain == NONNEGATIVE else values


def _maxima(operation: Operation) -> set[sp.Expr]:
    return {node for one in operation.program.statements for node in one.value.atoms(Maximum)}


def _looked_up(indices: Tensor, operation: Operation, setting: Setting) -> int:
    """How many entries there are to look up: the size of what these indices are read into."""
    for statement in operation.program.statements:
        for access in statement.value.atoms(Access):
            for place, extent in zip(access.indices, access.tensor.shape, strict=True):
                if isinstance(place, Access) and place.tensor == indices:
                    return extents((extent,), setting)[0]
    raise ValueError(f"{operation.name}: nothing is looked up with {indices.name}")


def extents(shape: tuple[sp.Expr, ...], setting: Setting) -> tuple[int, ...]:
    """A symbolic shape in numbers."""
    return tuple(
        int(sp.sympify(extent).xreplace({s: sp.Integer(setting.sizes[s.name]) for s in extent.free_symbols}))
        for extent in shape
    )
