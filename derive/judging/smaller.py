"""Real layers are large, and a law of matrices does not depend on it: ``W: 128x784`` judged as 4x6.

What is true of all sizes is tried at small ones, different where the declared ones differ and in the same
order, and at two choices of them. A size that a number of the claim may speak of (784 itself, or 28^2, 783,
1/784) stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations_with_replacement
from math import isqrt

from derive.judging.layout import Dim, Shape
from derive.judging.trees import UNITS, arithmetic
from derive.reading.tree import Add, Divide, Multiply, Negative, Number, Power, Tree

#: Sizes up to this are judged as they are; an index or a small number may speak of them.
SMALL = 8
#: The least size that makes it worth while.
LARGE = 24
#: What stands for larger sizes; no primes, which stand for sizes that are letters.
FIRST = (4, 6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 22)
SECOND = (6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 22, 24)
#: Powers and products of numbers are followed up to this.
MOST = 10**9


def smaller_shapes(
    trees: Iterable[Tree], shapes: Mapping[Tree, Shape]
) -> list[tuple[dict[Tree, Shape], tuple[str, ...]]]:
    """Two choices of small shapes for large ones, each with what is to be said of it; none where all sizes
    are small or the claim speaks of them.
    """
    sizes = {dim for shape in shapes.values() for dim in shape or () if isinstance(dim, int)}
    if max(sizes, default=0) < LARGE:
        return []
    numbers = {n for tree in trees for n in _numbers(tree)}
    kept = _spoken_of(sizes, {n for n in numbers if n > SMALL}) | {s for s in sizes if s <= SMALL}
    large = sorted(sizes - kept)
    if not large or large[-1] < LARGE:
        return []
    # above all that stays, so that the order of sizes does, and above an index that is a number
    least = max((n for n in (*kept, *numbers) if n <= SMALL), default=0)
    result: list[tuple[dict[Tree, Shape], tuple[str, ...]]] = []
    for choice in (FIRST, SECOND):
        free = [size for size in choice if size > least and size not in kept]
        if len(free) < len(large):
            return []
        table = dict(zip(large, free, strict=False))
        small: dict[Tree, Shape] = {name: _with(shape, table) for name, shape in shapes.items()}
        said = ", ".join(f"{size} as {table[size]}" for size in large)
        result.append((small, (f"sizes are judged small: {said}",)))
    return result


def _with(shape: Shape, table: Mapping[int, int]) -> Shape:
    def small(dim: Dim) -> Dim:
        return table.get(dim, dim) if isinstance(dim, int) else dim

    return None if shape is None else (small(shape[0]), small(shape[1]))


def _numbers(tree: Tree) -> Iterator[int]:
    """The whole numbers that a formula speaks of: written, computed from written ones, or as one over
    them."""
    if arithmetic(tree):
        value = _value(tree)
        for part in (abs(value), 1 / abs(value)) if value else ():
            yield round(part)
    for child in tree.children():
        yield from _numbers(child)


def _value(tree: Tree) -> Fraction:
    """The value of an arithmetic formula; 0 where it is beyond measure or has none."""
    match tree:
        case Number():
            short = len(tree.digits) < 20 and "e" not in tree.digits
            return tree.value * UNITS.get(tree.unit, Fraction(1)) if short else Fraction(0)
        case Negative():
            return -_value(tree.operand)
        case Add():
            return sum(map(_value, tree.terms), Fraction(0))
        case Multiply():
            product = Fraction(1)
            for factor in tree.factors:
                product *= _value(factor)
            return product if abs(product) < MOST else Fraction(0)
        case Divide():
            bottom = _value(tree.denominator)
            return _value(tree.numerator) / bottom if bottom else Fraction(0)
        case Power():
            base, exponent = _value(tree.base), _value(tree.exponent)
            whole = exponent.denominator == 1 and 0 <= exponent <= 30 and 0 < abs(base) < 1000
            result = base ** int(exponent) if whole else Fraction(0)
            return result if abs(result) < MOST else Fraction(0)
    return Fraction(0)


def _spoken_of(sizes: Iterable[int], numbers: Iterable[int]) -> set[int]:
    """The sizes that a number may be made of: itself, one more or less, a root, a product with another."""
    sizes, numbers = set(sizes), set(numbers)
    kept = set()
    for size in sizes:
        near = {size - 1, size, size + 1, 2 * size, size // 2, 4 * size, size // 4, isqrt(size), size**2}
        if numbers & (near | {size - 2, size + 2, 3 * size, size.bit_length() - 1}):
            kept.add(size)
    for pair in combinations_with_replacement(sorted(sizes), 2):
        product, total = pair[0] * pair[1], sum(pair)
        if any(n in (total, total + 1) or abs(n - product) <= max(pair) for n in numbers):
            kept.update(pair)
    return kept
