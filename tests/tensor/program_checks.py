"""A derived gradient of a tuple program, held against complex steps through its own evaluator."""

import math

import loop_oracle as loops
import numpy as np
import tuple_programs as tuples

from derive.tensor.calculus import jacobian, second_derivative, vjp
from derive.tensor.index import free_indices
from derive.tensor.matrix import Values
from derive.tensor.matrix_form import NotAMatrixFormulaError, to_matrix
from derive.tensor.numeric import compile_statements
from derive.tensor.printing import printer_for
from derive.tensor.program import Statement

STEP = 1e-30
TOLERANCE = 1e-8

DISTINCT = {"n": 3, "m": 2, "k": 5}
EQUAL = {"n": 3, "m": 3, "k": 3}


class UnusableError(Exception):
    """The program has no usable value here (overflow, a kink, a division by zero)."""


def arrays_for(program, sizes, rng, zeros=()):
    arrays = {}
    for name, shape, positive in program[0]:
        array = rng.uniform(0.4, 1.6, [sizes[one] for one in shape])
        if not positive:
            array = array * rng.choice([-1.0, 1.0], array.shape)
        if name in zeros and array.size:
            array = np.where(rng.random(array.shape) < 0.5, 0.0, array)
        arrays[name] = array
    return arrays


def values_of(program, run, arrays, only=None):
    try:
        found = run(arrays)
    except (OverflowError, ZeroDivisionError, ValueError, tuples.NearKinkError) as error:
        raise UnusableError from error
    for name, *_ in program[1]:
        if not np.isfinite(found[name]).all() or (np.abs(found[name]) > 1e12).any():
            raise UnusableError
    return found


def reached(program):
    """The inputs that the output is computed from, by reading the tuples."""
    bodies = {name: body for name, _, body in program[1]}
    found, open_ = set(), [program[1][-1][0]]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += list(_reads(bodies[name])) if name in bodies else []
    return [name for name, *_ in program[0] if name in found]


def _reads(expression):
    if isinstance(expression, tuple):
        if expression and expression[0] == "read":
            yield expression[1]
        for one in expression:
            yield from _reads(one)


def columns(program, run, arrays, name):
    """``d output[...] / d input[...]`` entry by entry."""
    output = program[1][-1][0]
    base = np.asarray(arrays[name], dtype=complex)
    found = []
    for place in np.ndindex(*base.shape):
        moved = base.copy()
        moved[place] += 1j * STEP
        found.append(values_of(program, run, {**arrays, name: moved})[output].imag / STEP)
    return np.stack(found, axis=-1).reshape((*found[0].shape, *base.shape))


def directional(program, run, arrays, directions):
    """The derivative of the output along one direction in all inputs at once."""
    output = program[1][-1][0]
    moved = {name: arrays[name] + 1j * STEP * directions[name] for name in arrays}
    return values_of(program, run, moved)[output].imag / STEP


def gradients(program, arrays, seed, wanted):
    """The derived gradients, compiled, and the derivation."""
    made = tuples.translated(program)
    derived = vjp(made, [made.tensor(name) for name in wanted])
    function = compile_statements((*made.inputs, *derived.seeds), (*made.everything, *derived.statements))
    given = dict(arrays) | ({"g": seed} if derived.seeds else {})
    everything = function.all(given)
    parts = {part.target.tensor: part for part in derived.parts}
    found = {}
    for part in parts.values():
        for name in wanted:
            if part.target.tensor.below == (made.tensor(name),):
                found[name] = everything[part.target.tensor.name]
    return found, derived


def close(one, other, scale=1.0):
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or not np.isfinite(one).all():
        return False
    largest = max(np.max(np.abs(other), initial=0.0), scale)
    return bool(np.max(np.abs(one - other), initial=0.0) <= TOLERANCE * largest)


def check_gradients(program, sizes, rng, zeros=(), entrywise=False, steps=False):
    """Raises AssertionError where a derived gradient differs from the complex step, or a step's two sides."""
    arrays = arrays_for(program, sizes, rng, zeros)
    run = tuples.runner(program, sizes)
    output = program[1][-1][0]
    values = values_of(program, run, arrays)
    seed = rng.uniform(0.5, 1.5, values[output].shape) * rng.choice([-1.0, 1.0], values[output].shape)
    if seed.ndim == 0:
        seed = np.ones(())
    wanted = reached(program)
    if not wanted:
        raise UnusableError
    if entrywise:
        expected = {name: columns(program, run, arrays, name) for name in wanted}
    directions = {name: rng.uniform(0.5, 1.5, array.shape) for name, array in arrays.items()}
    along = np.sum(seed * directional(program, run, arrays, directions))
    try:
        found, derived = gradients(program, arrays, seed, wanted)
    except ValueError as error:
        # An algebraic cancellation (x - x) can leave nothing to depend on.
        if "does not depend on" not in str(error):
            raise
        raise UnusableError from error
    assert set(found) == set(wanted)
    total, scale = 0.0, 1.0
    for name in wanted:
        assert found[name].shape == arrays[name].shape, f"{name}: {found[name].shape}"
        if entrywise:
            right = np.tensordot(seed, expected[name], axes=seed.ndim)
            assert close(found[name], right), f"dL/d{name}: derived {found[name]}, complex step {right}"
        total = total + np.sum(found[name] * directions[name])
        scale = max(scale, float(np.max(np.abs(found[name]))))
    assert close(total, along, scale), f"along a direction: derived {total}, complex step {along}"
    if steps:
        check_steps(derived, world_of(sizes, arrays, seed, derived))


def world_of(sizes, arrays, seed, derived):
    """The world of the tree oracle: inputs, statements and cotangents, all evaluated by loops."""
    given = dict(arrays) | ({"g": seed} if derived.seeds else {})
    world = loops.run(derived.program, given, sizes)
    kept = [Statement(part.target, part.result) for part in derived.parts]
    return loops.run_statements(world, kept)


def check_steps(derived, world):
    """Each step's two sides agree, evaluated by the tree oracle at one place chosen by its number."""
    for number, step in enumerate(derived.steps):
        free = sorted(free_indices(step.before) | free_indices(step.after), key=str)
        free = [index for index in free if not index.name.startswith("given ")]
        ranges = [world.extent(index.size) for index in free]
        if len({index.name for index in free}) != len(free) or 0 in ranges:
            continue
        place = dict(zip(free, np.unravel_index((number * 7) % math.prod(ranges), ranges), strict=True))
        before, after = loops.value(step.before, place, world), loops.value(step.after, place, world)
        agree = close(before, after)
        assert agree, f"{step.rule} at {place}: {step.before} = {before}, {step.after} = {after}"


def check_jacobian(program, sizes, rng, name):
    """Raises AssertionError where the derived Jacobian differs from the complex step's."""
    arrays = arrays_for(program, sizes, rng)
    run = tuples.runner(program, sizes)
    values_of(program, run, arrays)
    expected = columns(program, run, arrays, name)
    made = tuples.translated(program)
    try:
        derived = jacobian(made, made.output, made.tensor(name))
    except ValueError as error:
        if "may lie outside" not in str(error):
            raise
        raise UnusableError from error
    function = compile_statements(made.inputs, (*made.everything, *derived.statements))
    found = function(arrays)
    assert close(found, expected), f"{derived.target} = {derived.result}: {found}, complex step {expected}"
    return derived


def check_second_derivative(program, sizes, rng, name):
    """Holds the derived second derivative against differences of complex steps; 1e-5 is what those allow."""
    arrays = arrays_for(program, sizes, rng)
    run = tuples.runner(program, sizes)
    values_of(program, run, arrays)
    made = tuples.translated(program)
    try:
        derived = second_derivative(made, made.output, made.tensor(name))
    except ValueError as error:
        if "may lie outside" not in str(error):
            raise
        raise UnusableError from error
    function = compile_statements(made.inputs, (*made.everything, derived.statements[-1]))
    found = function(arrays)
    step, place = 1e-5, tuple(int(rng.integers(extent)) for extent in arrays[name].shape)
    slopes = []
    for sign in (1, -1):
        moved = np.array(arrays[name])
        moved[place] += sign * step
        slopes.append(columns(program, run, {**arrays, name: moved}, name))
    expected = (slopes[0] - slopes[1]) / (2 * step)
    assert np.isfinite(found).all()
    found = found[(..., *place)]
    error, largest = np.max(np.abs(found - expected), initial=0), np.max(np.abs(expected), initial=1)
    assert error <= 1e-5 * largest, f"{derived.target} = {derived.result}: {found}, differences {expected}"


def check_matrix_forms(program, sizes, rng):
    """Holds each part's matrix form against its index form; returns how many there were."""
    arrays = arrays_for(program, sizes, rng)
    run = tuples.runner(program, sizes)
    values_of(program, run, arrays)
    made = tuples.translated(program)
    wanted = [made.tensor(name) for name in reached(program)]
    if not wanted:
        raise UnusableError
    try:
        derived = vjp(made, wanted)
    except ValueError as error:
        raise UnusableError from error
    seed = rng.normal(size=[sizes[str(size)] for size in made.output.shape])
    world = world_of(sizes, arrays, seed, derived)
    real = {name: array.real for name, array in world.arrays.items()}
    forms = 0
    for one in (*made.statements, *derived.statements):
        if one.tensor.rank > 2:
            continue
        try:
            matrix = to_matrix(one.value, *(*one.target.indices, None, None)[:2])
        except NotAMatrixFormulaError:
            continue
        found = matrix.evaluate(Values(real, sizes))
        shape = (*world.shape(one.tensor), 1, 1)[:2]
        assert found.shape == shape, f"{one.target} = {one.value}: {matrix} has shape {found.shape}"
        expected = real[one.tensor.name].reshape(shape)
        assert close(found, expected), f"{one.target} = {one.value}: {matrix}"
        for style in ("latex", "text"):
            assert matrix.print(printer_for(made, style))
        forms += 1
    return forms
