"""Gradients of random programs against complex steps through an evaluator that shares no code.

Rows by name are programs that once went wrong, as small as they could be made.
"""

import numpy as np
import program_checks as checks
import pytest
import tuple_programs as tuples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

DISTINCT, EQUAL = checks.DISTINCT, checks.EQUAL

X, W, Z = ("x", ("n",), False), ("w", ("m",), False), ("z", ("k",), False)
P, C = ("p", ("n",), True), ("c", (), False)
A, B = ("A", ("n", "n"), False), ("B", ("m", "n"), False)


def at(*letters, shift=0):
    """The affine index that is the sum of these letters, moved by ``shift``."""
    return (shift, tuple((letter, 1) for letter in letters))


def read(name, *indices):
    return ("read", name, *(at(one) if isinstance(one, str) else one for one in indices))


def times(*factors):
    first, *rest = factors
    return ("times", first, times(*rest)) if rest else first


def add(*terms):
    first, *rest = terms
    return ("add", first, add(*rest)) if rest else first


def number(value):
    return ("number", value, 1)


ROWS = {
    "a cotangent read outside its range is 0": (
        # dL/dT is g, but g spans n and T only m: beyond m the one is 0 and the other is not.
        (X, W),
        (("T", (("i", "m"),), read("x", "i")), ("y", (("i", "n"),), read("T", "i"))),
    ),
    "a sign asked of an affine index": (
        (X,),
        (("y", (("i", "n"),), times(("delta", (-1, (("i", 1),))), read("x", "i"))),),
    ),
    "a tensor is not a container": (
        (C, Z),
        (("y", (), ("over", ("sum", "v", "k", add(read("c"), ("size", "k"))), ("size", "k"))),),
    ),
    "a sum over nothing but sizes": (
        (X, W),
        (("y", (("i", "n"),), times(read("x", "i"), ("sum", "j", "m", ("sum", "u", "m", ("size", "m"))))),),
    ),
    "a constant term inside a sum": (
        (X, W),
        (("y", (), ("over", read("x", at(shift=1)), ("sum", "j", "m", add(number(2), read("w", "j"))))),),
    ),
    "a guard's 0 times a power of 0": (
        (P, X),
        (
            ("T", (("i", "n"),), ("raise", read("p", "i"), read("x", at("i", shift=1)))),
            ("y", (("i", "n"),), times(read("T", "i"), read("T", "i"))),
        ),
    ),
    "a guard's 0 times one over 0": (
        (P, Z),
        (("y", (("i", "n"),), ("over", read("z", "i"), read("p", "i"))),),
    ),
}  # fmt: skip


SIZES = {
    "distinct": DISTINCT,
    "equal": EQUAL,
    "ascending": {"n": 2, "m": 3, "k": 5},
    "ones": {"n": 1, "m": 2, "k": 1},
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("program", ROWS.values(), ids=ROWS)
def test_named_programs(program, sizes, rng):
    checks.check_gradients(program, sizes, rng, entrywise=True)


@st.composite
def programs(draw):
    """A random program; small choices come first in every list, so that failures shrink."""

    def pick(options):
        return options[draw(st.integers(0, len(options) - 1))]

    return tuples.Maker(pick).program()


def some(examples):
    checked = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=examples, suppress_health_check=checked)


RUNS = [pytest.param(1, id="some"), pytest.param(15, id="thousands", marks=pytest.mark.slow)]
SEEDS = st.integers(0, 2**32 - 1)
BINDINGS = st.sampled_from(list(SIZES.values()))
ZEROS = st.sampled_from([(), ("c",), ("x", "w", "B")])


def checked(check, *arguments, **options):
    try:
        return check(*arguments, **options)
    except checks.UnusableError:
        assume(False)


@pytest.mark.parametrize("rounds", RUNS)
def test_gradients(rounds):
    @some(100 * rounds)
    @given(programs(), BINDINGS, SEEDS, ZEROS)
    def gradients_agree(program, sizes, seed, zeros):
        checked(checks.check_gradients, program, sizes, np.random.default_rng(seed), zeros)

    gradients_agree()


@pytest.mark.parametrize("rounds", RUNS)
def test_every_step_of_gradients(rounds):
    @some(12 * rounds)
    @given(programs(), BINDINGS, SEEDS)
    def steps_agree(program, sizes, seed):
        checked(checks.check_gradients, program, sizes, np.random.default_rng(seed), steps=True)

    steps_agree()


@pytest.mark.parametrize("rounds", RUNS)
def test_jacobians(rounds):
    @some(40 * rounds)
    @given(programs(), BINDINGS, SEEDS, st.integers(0, 9))
    def jacobians_agree(program, sizes, seed, which):
        names = checks.reached(program)
        assume(names)
        name = names[which % len(names)]
        checked(checks.check_jacobian, program, sizes, np.random.default_rng(seed), name)

    jacobians_agree()


@pytest.mark.parametrize("rounds", RUNS)
def test_second_derivatives(rounds):
    @some(25 * rounds)
    @given(programs(), BINDINGS, SEEDS, st.integers(0, 9))
    def second_derivatives_agree(program, sizes, seed, which):
        names = checks.reached(program)
        assume(names and len(program[1]) <= 2 and len(program[1][-1][1]) <= 1)
        name = names[which % len(names)]
        checked(checks.check_second_derivative, program, sizes, np.random.default_rng(seed), name)

    second_derivatives_agree()
