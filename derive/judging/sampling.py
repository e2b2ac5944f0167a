"""The points at which two formulas are compared: simple ones first, so that a witness is easy to follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from derive.judging.arrays import Array
from derive.judging.chance import OUTCOMES, outcome, weights
from derive.judging.functions import apply
from derive.judging.layout import Layout
from derive.judging.limits import MAX_VALUES, OBJECT, TooLarge, spend
from derive.judging.names import IDENTITY, ONES
from derive.judging.values import Point
from derive.reading.tree import Indexed, Name, Tree

BATCH = 24
#: So many points where each of them costs much.
FEW = 8
#: Values for the first points. No zero (kinks) and no pair that is equal or opposite for different names.
SIMPLE = (1.0, 2.0, 0.5, 3.0, -1.0, -2.0, 1.5, -0.5)


@dataclass(frozen=True)
class Domain:
    """Where a name's values are drawn: an interval of the reals, perhaps of integers only."""

    low: float = -2.5
    high: float = 2.5
    kind: str = "real"  # real, integer, simplex, simplex by columns, binary
    text: str = "real"
    form: str = ""  # of a matrix: one of FORMS


REAL = Domain()
POSITIVE = Domain(0.05, 3.0, "real", "positive")
SHARES = Domain(0, 1, "simplex", "a probability vector")
SHARES_BY_COLUMNS = Domain(0, 1, "simplex by columns", "columns that add up to 1")
UNIT = Domain(0.05, 0.95, "real", "between 0 and 1")


def draw(
    layout: Layout,
    functions: Iterable[Tree],
    domains: Mapping[Tree, Domain],
    default: Domain = REAL,
    seed: int = 0,
    batch: int = BATCH,
    distinct: bool = False,
    random: Mapping[Tree, int] | None = None,
) -> Point:
    """Random values for every name, size and free index of a layout; the same every time for the same
    ``seed``.

    With ``distinct`` the free indices of a point all differ, as far as their ranges allow.
    """
    rng = np.random.default_rng(20_240 + seed)
    sizes = layout.resolve(seed)
    names = {**{k: v for k, v in layout.dims.items() if k not in layout.families}, **layout.families}
    shapes = [tuple(d if isinstance(d, int) else sizes[d] for d in dims) for dims in names.values()]
    largest = max(map(math.prod, shapes), default=1)
    batch = min(batch, max(4, MAX_VALUES // largest))  # every entry is a trial
    point = Point(batch, sizes=sizes)
    for position, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        if len(shape) == 1:
            shape = (shape[0], 1)
        if batch * math.prod(shape) > MAX_VALUES:
            raise TooLarge("a tensor with too many entries")
        if name == IDENTITY and len(shape) == 2:
            point.names[name] = np.tile(np.eye(shape[0]), (batch, 1, 1))
            continue
        if name == ONES:
            point.names[name] = np.ones((batch, *shape))
            continue
        domain = domains.get(name) or domains.get(_family(name), default)
        values = _values(rng, domain, (batch, *shape), position)
        if domain.form and len(shape) == 2 and shape[0] == shape[1]:
            values = FORMS[domain.form](values, rng)
        point.names[name] = values
    for letter, dim in layout.letters.items():
        if isinstance(letter, Name) and "#" not in letter.text:
            point.indices[letter] = _indices(rng, layout, letter, sizes, dim, batch)
    if distinct:
        _spread(point, layout, sizes)
    point.random.update({name: axis for name, axis in (random or {}).items() if name in names})
    for name in point.random:
        for k in range(OUTCOMES):
            point.names[outcome(name, k)] = _values(rng, domains.get(name, default), (batch,), k)
    for axis in sorted(set(point.random.values())):
        point.names[weights(axis)] = _values(rng, SHARES, (batch, OUTCOMES, 1), 0)
    for function in sorted(functions, key=repr):  # a set has another order in every process
        point.functions[function] = _smooth(rng)
    return point


def _family(name: Tree) -> Tree:
    """What a numbered name is declared with: sigma for ``sigma_1``."""
    return name.base if isinstance(name, Indexed) else name


def _values(rng: np.random.Generator, domain: Domain, shape: tuple[int, ...], position: int) -> Array:
    if domain.kind in ("integer", "binary"):
        low, high = (
            (0, 1) if domain.kind == "binary" else (int(max(domain.low, -9)), int(min(domain.high, 9)))
        )
        if domain.kind == "binary" and len(shape) == 1:
            # Every row of the truth table of up to four names is among the points.
            return ((np.arange(shape[0]) >> (position % 4)) & 1).astype(float)
        return rng.integers(low, high + 1, size=shape).astype(float)
    if domain.kind == SHARES_BY_COLUMNS.kind and len(shape) == 3 and shape[2] > 1:
        return _values(rng, SHARES, (shape[0], shape[2], shape[1]), position).swapaxes(1, 2)
    if domain.kind.startswith("simplex") and len(shape) > 1:
        # Multiples of 1/64: binary fractions, so that they sum to 1 exactly in every number system.
        # Of a table, every row adds up to 1: t_{nk} over the classes k.
        count = shape[-1] if shape[-1] > 1 else shape[1]
        rows = shape[:-1] if shape[-1] > 1 else shape[:1]
        shares = 1 + rng.multinomial(64 - count, np.full(count, 1 / count), size=rows)
        return np.asarray(shares / 64).reshape(shape)
    # Two decimals: exact in every number system once written as a fraction, and short in a witness.
    x = np.round(rng.uniform(domain.low, domain.high, size=shape), 2)
    x = np.where(x == 0, 0.37, x)
    if len(shape) == 1:
        simple = [s for s in SIMPLE if domain.low <= s <= domain.high]
        for k in range(min(6, len(simple), shape[0])):
            x[k] = simple[(k + position) % len(simple)]
    return x


def _symmetric(x: Array, rng: np.random.Generator) -> Array:
    return np.asarray(np.round((x + x.swapaxes(1, 2)) / 2, 2))


def _definite(x: Array, rng: np.random.Generator) -> Array:
    return np.asarray(np.round(np.matmul(x, x.swapaxes(1, 2)) + np.eye(x.shape[1]), 4))


def _diagonal(x: Array, rng: np.random.Generator) -> Array:
    return np.asarray(x * np.eye(x.shape[1]))


def _triangular(x: Array, rng: np.random.Generator) -> Array:
    return np.asarray(np.tril(x))


def _orthogonal(x: Array, rng: np.random.Generator) -> Array:
    """A reflection ``I - 2 v v^T / |v|^2`` with its rows permuted: exact decimals, for ``|v|^2`` is 5."""
    batch, n = x.shape[:2]
    result = np.empty_like(x)
    for k in range(batch):
        v = np.zeros(n)
        v[rng.permutation(n)[:2]] = (1, 2) if n > 1 else 1
        reflection = np.eye(n) - np.round(2 * np.outer(v, v) / (v @ v), 1)
        result[k] = np.round(reflection[rng.permutation(n)], 1)
    return result


#: How a square matrix that is declared to be special is drawn, in decimals that are exact.
FORMS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "symmetric": _symmetric,
    "positive definite": _definite,
    "diagonal": _diagonal,
    "triangular": _triangular,
    "orthogonal": _orthogonal,
}


def _indices(
    rng: np.random.Generator, layout: Layout, letter: Tree, sizes: Mapping[Any, int], dim: Any, batch: int
) -> Array:
    size = dim if isinstance(dim, int) else sizes[dim]
    margin = min(layout.margins.get(letter, 0), (size - 1) // 2)
    x = rng.integers(margin, size - margin, size=batch) + layout.origin
    # Equal and different indices must both occur: the first points have all indices equal.
    x[: batch // 4] = layout.origin + margin
    return np.asarray(x)


def _spread(point: Point, layout: Layout, sizes: Mapping[Any, int]) -> None:
    start = np.arange(point.batch)
    for k, letter in enumerate(point.indices):
        dim = layout.letters[letter]
        size = dim if isinstance(dim, int) else sizes[dim]
        point.indices[letter] = (start + k) % size + layout.origin


def _smooth(rng: np.random.Generator) -> Any:
    """A random smooth function: what an undeclared ``f`` may be."""
    a, b, c, d = (round(float(v), 2) for v in rng.uniform(0.3, 1.4, size=4))

    def function(*arguments: Array) -> Array:
        total: Any = 0
        for k, x in enumerate(arguments):
            total = (
                total
                + apply("tanh", x * _as(x, b + k * 0.31) + _as(x, c)) * _as(x, a)
                + x * x * _as(x, d / (k + 2))
            )
        return total

    return function


def _as(x: Array, number: float) -> Any:
    if x.dtype != object:
        return number
    from derive.judging.duals import plain

    kind = type(plain(x.flat[0]))
    return kind(number) if kind.__name__ == "mpf" else number


def exactly(point: Point, k: int) -> Point:
    """Point ``k`` of a batch alone, its values as exact fractions."""
    names = {name: _fractions(x[k : k + 1]) for name, x in point.names.items()}
    indices = {name: x[k : k + 1] for name, x in point.indices.items()}
    return Point(1, names, indices, point.functions, point.sizes, point.random)


def _fractions(x: Array) -> Array:
    spend(8 * OBJECT * x.size)
    out = np.empty(x.shape, dtype=object)
    for position, item in np.ndenumerate(x):
        out[position] = _fraction(float(item))
    return out


@lru_cache(maxsize=4096)  # values of two decimals are drawn again and again
def _fraction(x: float) -> Fraction:
    return Fraction(str(x))


def precisely(point: Point) -> Point:
    """The same point in high precision."""
    from mpmath import mp

    names = {}
    for name, x in point.names.items():
        out = np.empty(x.shape, dtype=object)
        for position, item in np.ndenumerate(x):
            out[position] = _quotient(item.numerator, item.denominator, mp.prec)
        names[name] = out
    return Point(point.batch, names, point.indices, point.functions, point.sizes, point.random)


@lru_cache(maxsize=4096)
def _quotient(top: int, bottom: int, precision: int) -> Any:
    """The quotient at the precision that is in force, which is named for the memory only."""
    from mpmath import mpf

    return mpf(top) / bottom
