"""Operation counts against numbers that count what is done with them, in plain loops over every index."""

import itertools
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import sympy as sp

from derive import ops
from derive.counting import count_program
from derive.counting.arithmetic import why_not_counted
from derive.tensor.index import Index
from derive.tensor.nodes import Access, Apply, Bracket, IfPositive, Maximum, Sum
from derive.verification.samples import Setting, draw

SIZES = {
    "N": 1,
    "C": 2,
    "O": 3,
    "G": 2,
    "H_in": 4,
    "W_in": 5,
    "L": 5,
    "k": 2,
    "k_h": 2,
    "k_w": 3,
    "k_d": 2,
    "D_in": 3,
}

NOT_IN_LOOPS = {
    "rnn",
    "lstm",
    "gru",
    "rnn_from_state",
    "lstm_from_state",
    "gru_from_state",  # steps defined by each other: counted in test_arithmetic
}


@dataclass
class Counted:
    """A number that ticks off every operation done with it."""

    value: float
    ticks: Counter

    def __round__(self):
        return round(self.value)

    def then(self, value, kind):
        self.ticks[kind] += 1
        return Counted(value, self.ticks)


def number(one):
    return one.value if isinstance(one, Counted) else one


def added(one, other):
    if isinstance(one, Counted) or isinstance(other, Counted):
        counted = one if isinstance(one, Counted) else other
        return counted.then(number(one) + number(other), "additions")
    return one + other


def multiplied(one, other):
    if isinstance(one, Counted) or isinstance(other, Counted):
        counted = one if isinstance(one, Counted) else other
        return counted.then(number(one) * number(other), "multiplications")
    return one * other


class Loops:
    def __init__(self, numbers, arrays):
        self.numbers, self.arrays, self.ticks = numbers, arrays, Counter()

    def extent(self, size):
        return int(self.value(size, {}))

    def value(self, one, at):
        """The value of an expression; only what is computed from entries of arrays is counted."""
        if isinstance(one, Index):
            return at[one] if one in at else self.numbers[one.name.removeprefix("given ")]
        if isinstance(one, sp.Rational):
            return one.p / one.q
        if isinstance(one, (sp.Number, sp.NumberSymbol)):
            return float(one)
        if isinstance(one, sp.Symbol):
            return self.numbers[one.name]
        if isinstance(one, Access):
            place = tuple(round(self.value(index, at)) for index in one.indices)
            array = self.arrays[one.tensor.name]
            inside = all(0 <= k < n for k, n in zip(place, array.shape, strict=True))
            return Counted(float(array[place]) if inside else 0.0, self.ticks)
        if isinstance(one, Sum):
            return self.total(one, at)
        if isinstance(one, Maximum):
            return self.greatest(one, at)
        if isinstance(one, Apply):
            return self.value(one.args[2], at).then(0.5, "function_evaluations")
        if isinstance(one, (IfPositive, sp.Abs)):
            return self.branch(one, at)
        if isinstance(one, sp.Add):
            result = None
            for term in one.args:
                # A minus sign turns an addition into a subtraction, which is ticked off like one.
                turned = term.could_extract_minus_sign() and term.has(Access)
                found = self.value(-term if turned else term, at)
                result = found if result is None else added(result, found)
            return result
        if isinstance(one, sp.Mul):
            return self.product(one, at)
        if isinstance(one, sp.Pow) and not isinstance(one, sp.exp):
            return self.power(one, at)
        argument = self.value(one.args[0], at)
        if not isinstance(argument, Counted):
            return float(one.func(argument))
        return argument.then(0.5, "function_evaluations")

    def total(self, one, at):
        result = None
        for places in itertools.product(*(range(self.extent(index.size)) for index in one.bound)):
            term = self.value(one.body, {**at, **dict(zip(one.bound, places, strict=True))})
            result = term if result is None else added(result, term)
        return result

    def greatest(self, one, at):
        result = None
        for places in itertools.product(*(range(self.extent(index.size)) for index in one.bound)):
            term = self.value(one.body, {**at, **dict(zip(one.bound, places, strict=True))})
            result = term if result is None else term.then(max(number(result), term.value), "comparisons")
        return result

    def branch(self, one, at):
        """Both branches are computed, as a vectorised program does, and one comparison chooses."""
        values = [self.value(argument, at) for argument in one.args]
        if isinstance(values[0], Counted):  # which of two indices is greater is known beforehand
            self.ticks["comparisons"] += 1
        return Counted(float(number(values[-1])), self.ticks)

    def product(self, one, at):
        constants, factors, divisors = 1.0, [], []
        for factor in one.args:
            if (
                isinstance(factor, sp.Pow)
                and not isinstance(factor, sp.exp)
                and factor.exp.could_extract_minus_sign()
            ):
                found = self.value(1 / factor, at)
                if isinstance(found, Counted):
                    divisors.append(found)
                else:
                    constants /= found
                continue
            found = self.value(factor, at)
            if isinstance(found, Counted):
                factors.append(found)
            else:
                constants *= found
        # The constants are one number, computed once; a sign is for nothing.
        chain = ([] if one_or_sign(one) else [constants]) + factors
        result = chain[0] if chain else constants
        for factor in chain[1:]:
            result = multiplied(result, factor)
        if divisors:
            below = divisors[0]
            for factor in divisors[1:]:
                below = multiplied(below, factor)
            return below.then(number(result) / (below.value or 1.0), "divisions")
        return result

    def power(self, one, at):
        base, exponent = self.value(one.base, at), one.exp
        if not isinstance(base, Counted) and not one.exp.atoms(Access):
            return float(base ** self.value(exponent, at))
        if exponent.is_Integer:
            result = base
            for _ in range(abs(int(exponent)) - 1):
                result = multiplied(result, base)
            return result if exponent > 0 else result.then(1 / (number(result) or 1.0), "divisions")
        power = self.value(exponent, at)
        if exponent.is_number and abs(number(power)) == 0.5:
            root = base.then(math.sqrt(abs(base.value)), "function_evaluations")
            return root if number(power) > 0 else root.then(1 / (root.value or 1.0), "divisions")
        self.ticks["function_evaluations"] += 1
        return Counted(0.5, self.ticks)

    def statement(self, statement):
        shape = tuple(self.extent(size) for size in statement.tensor.shape)
        indices = statement.target.indices
        terms = [(term, self.chosen(term, indices)) for term in sp.Add.make_args(statement.value)]
        array = np.zeros(shape)
        if not any(chosen for _, chosen in terms):
            for place in np.ndindex(*shape):
                array[place] = number(self.value(statement.value, dict(zip(indices, place, strict=True))))
        else:
            array = self.scattered(terms, indices, array)
        self.arrays[statement.tensor.name] = array

    @staticmethod
    def chosen(term, indices):
        """The indices of the entry that the brackets of a sum choose."""
        brackets = (
            [one for one in sp.Mul.make_args(term.args[0]) if isinstance(one, Bracket)]
            if isinstance(term, Sum)
            else []
        )
        return [index for index in indices if any(one.has(index) for one in brackets)]

    def scattered(self, terms, indices, array):
        """Every term is computed once and added to its entry; the first in an entry is for nothing."""
        hit = np.zeros(array.shape, dtype=bool)

        def put(place, term):
            if hit[place]:
                self.ticks["additions"] += 1
            hit[place] = True
            array[place] += number(term)

        for term, chosen in terms:
            if not chosen:
                for place in np.ndindex(*array.shape):
                    put(place, self.value(term, dict(zip(indices, place, strict=True))))
                continue
            body, bound = term.open()
            brackets = [one for one in body.args if isinstance(one, Bracket)]
            product = sp.Mul(*(one for one in body.args if one not in brackets))
            free = [index for index in indices if index not in chosen]
            ranges = [range(self.extent(index.size)) for index in (*free, *bound)]
            for places in itertools.product(*ranges):
                at = dict(zip((*free, *bound), places, strict=True))
                at |= {index: self.solved(index, brackets, at) for index in chosen}
                place = tuple(at[index] for index in indices)
                if all(0 <= k < n for k, n in zip(place, array.shape, strict=True)):
                    put(place, self.value(product, at))
        assert hit.all()
        return array

    def solved(self, index, brackets, at):
        """The value of an index at which its bracket is 1."""
        (bracket,) = (one for one in brackets if one.has(index))
        values = [round(self.value(bracket.affine, {**at, index: k})) for k in (0, 1)]
        return -values[0] // (values[1] - values[0])


def one_or_sign(product):
    constants = sp.Mul(*(factor for factor in product.args if not factor.has(Access)))
    return constants in (1, -1)


def settings_for(operation):
    names = [symbol.name for symbol in operation.program.sizes()]
    sizes = {name: SIZES.get(name, 3 + number % 3) for number, name in enumerate(names)}
    settings = {
        symbol.name: (2 if name in ("stride", "kernel", "factor") else int(value))
        if symbol.is_integer
        else float(value)
        for symbol, value in operation.settings.items()
        for name in [operation.keywords[symbol]]
    }
    return Setting(sizes, settings)


COUNTED = [
    name
    for name in ops.names()
    if name not in NOT_IN_LOOPS and not why_not_counted(ops.operation(name).program)
]


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_what_loops_do(name, rng):
    operation = ops.operation(name)
    setting = settings_for(operation)
    inputs = {key: np.asarray(value) for key, value in draw(operation, setting, rng).items()}
    if operation.is_elementwise:
        inputs = {key: value[0] for key, value in inputs.items()}
    constants = {symbol.name: float(value) for symbol, value in operation.constants.items()}
    given = {one.name: int(inputs[one.name]) for one in operation.inputs if one.tensor is None}
    numbers = setting.sizes | setting.parameters | constants | given
    loops = Loops(numbers, inputs)
    for symbol, value in operation.program.derived_sizes:
        numbers[symbol.name] = int(
            value.xreplace({s: sp.sympify(numbers[s.name]) for s in value.free_symbols})
        )
    for statement in operation.program.statements:
        loops.statement(statement)
    counts = count_program(operation.program).named()
    found = {
        kind: int(
            sp.sympify(value).xreplace(
                {s: sp.sympify(numbers[s.name]) for s in sp.sympify(value).free_symbols}
            )
        )
        for kind, value in counts.items()
    }
    assert found == {kind: loops.ticks.get(kind, 0) for kind in found}
