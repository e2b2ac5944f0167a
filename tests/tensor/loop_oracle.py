"""What a formula is worth, by plain Python loops over every index.

Shares no code with the calculus: it only reads the trees. Sums are loops, reads outside a tensor are 0, a
derivative still to be taken is a complex step (branches are chosen by the real part, so kinks are no obstacle
unless a condition is exactly at one). Slow and obvious on purpose.
"""

import cmath
import itertools
import math
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp

from derive.tensor.index import Index
from derive.tensor.nodes import Access, Apply, Argmax, Bracket, D, IfPositive, Inverse, LogDet, Maximum, Sum

STEP = 1e-30
MOST_SWEEPS = 20


@dataclass(frozen=True)
class World:
    """``numbers``: sizes, hyper-parameters and given indices by name; ``arrays``: tensors by name."""

    numbers: dict
    arrays: dict
    program: object = None

    def extent(self, size):
        return int(value(size, {}, self).real)

    def shape(self, tensor):
        return tuple(self.extent(size) for size in tensor.shape)


def _erf(z):
    if abs(z.imag) < 1e-20:
        # A complex step: the first order is exact here, and mpmath loses it.
        return complex(math.erf(z.real), z.imag * 2 / math.sqrt(math.pi) * math.exp(-(z.real**2)))
    return complex(mpmath.erf(z))


FUNCTIONS = {
    "floor": lambda z: complex(math.floor(z.real + 1e-9)),
    "ceiling": lambda z: complex(math.ceil(z.real - 1e-9)),
    "log": cmath.log,
    "tanh": cmath.tanh,
    "sin": cmath.sin,
    "cos": cmath.cos,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "erf": _erf,
    "Abs": lambda z: -z if z.real < 0 else z,
    "sign": lambda z: complex((z.real > 0) - (z.real < 0)),
    "Max": lambda *ends: max(ends, key=lambda z: z.real),
    "Min": lambda *ends: min(ends, key=lambda z: z.real),
}


def power(base, exponent):
    """``base ** exponent``; whole exponents by multiplication, whatever the base."""
    if exponent.imag == 0 and exponent.real == int(exponent.real) and abs(exponent.real) < 64:
        result = 1 + 0j
        for _ in range(abs(int(exponent.real))):
            result *= base
        return result if exponent.real >= 0 else 1 / result
    return cmath.exp(exponent * cmath.log(base))


def value(node, at, world):
    """The value of a node where the free indices have the values ``at``."""
    if isinstance(node, Index):
        if node in at:
            return complex(at[node])
        return complex(world.numbers[node.name.removeprefix("given ")])
    if isinstance(node, sp.Rational):
        return complex(int(node.p) / int(node.q))
    if isinstance(node, (sp.Number, sp.NumberSymbol)):
        return complex(float(node))
    if isinstance(node, sp.Symbol):
        return complex(world.numbers[node.name])
    if isinstance(node, Access):
        place = tuple(round(value(index, at, world).real) for index in node.indices)
        array = world.arrays[node.tensor.name]
        inside = all(0 <= k < n for k, n in zip(place, array.shape, strict=True))
        return complex(array[place]) if inside else 0j
    if isinstance(node, Sum):
        body, bound = node.args[0], node.args[1:]
        ranges = [range(world.extent(index.size)) for index in bound]
        total = 0j
        for places in itertools.product(*ranges):
            total += value(body, {**at, **dict(zip(bound, places, strict=True))}, world)
        return total
    if isinstance(node, Inverse):
        place = tuple(round(value(index, at, world).real) for index in node.args[1:])
        return complex(np.linalg.inv(world.arrays[node.tensor.name])[place])
    if isinstance(node, LogDet):
        # The real part is the logarithm of the size; a sign only adds a constant imaginary part.
        determinant = np.linalg.det(np.asarray(world.arrays[node.tensor.name], dtype=complex))
        return cmath.log(determinant if determinant.real > 0 else -determinant)
    if isinstance(node, (Maximum, Argmax)):
        best, greatest = _greatest(node, at, world)
        if isinstance(node, Maximum):
            return greatest
        half = len(node.args) // 2
        points = tuple(round(value(point, at, world).real) for point in node.args[1 + half :])
        return complex(points == best)
    if isinstance(node, Bracket):
        return 1 + 0j if abs(value(node.args[0], at, world)) < 1e-9 else 0j
    if isinstance(node, IfPositive):
        condition, then, otherwise = node.args
        return value(then if value(condition, at, world).real > 0 else otherwise, at, world)
    if isinstance(node, Apply):
        return _applied(node, value(node.args[2], at, world))
    if isinstance(node, D):
        return _derivative(node, at, world)
    if isinstance(node, sp.Add):
        return sum((value(term, at, world) for term in node.args), 0j)
    if isinstance(node, sp.Mul):
        product = 1 + 0j
        for factor in node.args:
            product *= value(factor, at, world)
        return product
    if isinstance(node, sp.exp):
        return cmath.exp(value(node.args[0], at, world))
    if isinstance(node, sp.Pow):
        return power(value(node.args[0], at, world), value(node.args[1], at, world))
    return FUNCTIONS[node.func.__name__](*(value(argument, at, world) for argument in node.args))


def _greatest(node, at, world):
    """Where the body is greatest, places where it reads outside left out, and what it is there."""
    bound = node.args[1:] if isinstance(node, Maximum) else node.args[1 : 1 + len(node.args) // 2]
    best = greatest = None
    for places in itertools.product(*(range(world.extent(index.size)) for index in bound)):
        here = {**at, **dict(zip(bound, places, strict=True))}
        if not all(_inside(access, here, world) for access in node.args[0].atoms(Access)):
            continue
        found = value(node.args[0], here, world)
        if greatest is None or found.real > greatest.real:
            best, greatest = places, found
    return best, greatest


def _inside(access, at, world):
    place = [round(value(index, at, world).real) for index in access.indices]
    return all(0 <= k < n for k, n in zip(place, world.arrays[access.tensor.name].shape, strict=True))


def _applied(node, argument):
    """A named function by its body; its derivatives by Cauchy's formula on a small circle."""
    function, order = node.args[0], int(node.args[1])

    def at(point):
        return value(function.body, {}, World({function.argument.name: point}, {}))

    def derivative(order, centre):
        radius, points = 0.05, 24
        roots = [cmath.exp(2j * cmath.pi * k / points) for k in range(points)]
        total = sum(at(centre + radius * root) / root**order for root in roots)
        return (math.factorial(order) * total / points / radius**order).real

    if order == 0:
        return at(argument)
    # A complex step keeps only its first order: the circle's own rounding would swamp it.
    slope = derivative(order + 1, argument.real) * argument.imag if argument.imag else 0.0
    return complex(derivative(order, argument.real), slope)


def _derivative(node, at, world):
    body, entry, mode = node.args[0], node.args[1], int(node.args[2])
    place = tuple(round(value(index, at, world).real) for index in entry.indices)
    name = entry.tensor.name
    moved = np.array(world.arrays[name], dtype=complex)
    if any(not 0 <= k < n for k, n in zip(place, moved.shape, strict=True)):
        return 0j
    moved[place] += 1j * STEP
    shifted = replace(world, arrays={**world.arrays, name: moved})
    if mode == D.TOTAL:
        shifted = recompute(shifted, {name})
    if mode == D.LINK:
        statement = world.program.defined[body.tensor]
        places = [value(index, at, world).real for index in body.indices]
        at = dict(zip(statement.target.indices, map(round, places), strict=True))
        body = statement.value
    return complex(value(body, at, shifted).imag / STEP)


def recompute(world, changed):
    """The arrays after every statement that reads something changed has been evaluated anew."""
    changed = set(changed)
    for statement in world.program.everything:
        read = {one.tensor.name for one in statement.value.atoms(Access, Inverse, LogDet)}
        if read & changed and statement.tensor.name not in changed:
            world = _evaluate_statement(world, statement)
            changed.add(statement.tensor.name)
    return world


def _evaluate_statement(world, statement):
    array = entries(statement.target, statement.value, world)
    return replace(world, arrays={**world.arrays, statement.tensor.name: array})


def entries(target, body, world):
    """The array of all entries of ``target``, whose indices stand free in ``body``."""
    shape = world.shape(target.tensor)
    array = np.zeros(shape, dtype=complex)
    for place in np.ndindex(*shape):
        array[place] = value(body, dict(zip(target.indices, place, strict=True)), world)
    return array


def table(body, indices, world):
    """The values of an expression over the whole range of the given indices."""
    ranges = [world.extent(index.size) for index in indices]
    array = np.zeros(ranges, dtype=complex)
    for place in np.ndindex(*ranges):
        array[place] = value(body, dict(zip(indices, place, strict=True)), world)
    return array


def run(program, arrays, numbers):
    """Every statement in order; the world afterwards."""
    world = World(dict(numbers), {name: np.asarray(array) for name, array in arrays.items()}, program)
    return run_statements(world, program.everything)


def run_statements(world, statements):
    """Further statements (a derivative's) evaluated in this world.

    Where some are defined by each other from step to step, all are evaluated, from zeros, again and again:
    after each sweep one more step is right, and in the end nothing changes.
    """
    known = set(world.arrays)
    ordered = True
    for statement in statements:
        ordered = ordered and {one.tensor.name for one in statement.value.atoms(Access)} <= known
        known.add(statement.tensor.name)
    if not ordered:
        zeros = {one.tensor.name: np.zeros(world.shape(one.tensor), dtype=complex) for one in statements}
        world = replace(world, arrays={**zeros, **world.arrays})
    for _ in range(1 if ordered else MOST_SWEEPS):
        before = world.arrays
        for statement in statements:
            world = _evaluate_statement(world, statement)
        if not ordered and all(np.array_equal(before[name], world.arrays[name]) for name in before):
            return world
    assert ordered, "a recurrence that does not end"
    return world


def sensitivity(program, arrays, numbers, output, wrt):
    """``d output[...] / d wrt[...]`` by complex step, entry by entry: the output's dimensions come first."""
    base = np.asarray(arrays[wrt], dtype=complex)
    columns = np.zeros((*run(program, arrays, numbers).arrays[output].shape, *base.shape))
    for place in np.ndindex(*base.shape):
        moved = base.copy()
        moved[place] += 1j * STEP
        world = run(program, {**arrays, wrt: moved}, numbers)
        columns[(..., *place)] = world.arrays[output].imag / STEP
    return columns
