"""Threshold units: exact separation with certificates, networks, counts, the perceptron's rule."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from derive.graphs.feasibility import Contradiction, Solution, nonnegative_solution
from derive.graphs.perceptron_rule import learn
from derive.graphs.separability import Inseparable, Separation, separate
from derive.graphs.threshold import (
    GATES,
    McCullochPitts,
    ThresholdError,
    Unit,
    chain_table,
    detector_network,
    find_mcculloch_pitts,
    parity_chain,
    read_table,
    row_detector,
    rows,
    separate_table,
    two_hidden_units,
    unit_counts,
)


def _dot(weights, point):
    return weights[0] + sum(w * x for w, x in zip(weights[1:], point, strict=True))


def _check(found, firing, resting):
    """Weights separate, a certificate adds up: checked by arithmetic of its own."""
    if isinstance(found, Separation):
        assert all(_dot(found.weights, point) > 0 for point in firing)
        assert all(_dot(found.weights, point) <= 0 for point in resting)
        return
    sums = []
    for entries, allowed in ((found.firing, firing), (found.resting, resting)):
        assert all(
            count > 0 and point in [tuple(map(Fraction, one)) for one in allowed] for count, point in entries
        )
        total = [Fraction(0)] * (len(found.total))
        for count, point in entries:
            for i, value in enumerate((1, *point)):
                total[i] += count * value
        sums.append(tuple(total))
    assert sums[0] == sums[1] == found.total
    assert found.firing


# How many of all functions of n inputs one threshold unit computes: OEIS A000609.
@pytest.mark.parametrize(("n", "functions"), [(1, 4), (2, 14), (3, 104)])
@pytest.mark.parametrize("low", [0, -1])
def test_every_table_is_decided_and_the_separable_ones_are_as_many_as_is_known(n, functions, low):
    every, count = list(rows(n, low)), 0
    for table in product((0, 1), repeat=2**n):
        found = separate_table(table, low)
        firing = [row for row, out in zip(every, table, strict=True) if out]
        resting = [row for row, out in zip(every, table, strict=True) if not out]
        _check(found, firing, resting)
        count += isinstance(found, Separation)
    assert count == functions


def test_random_points_are_decided_with_proof():
    random = np.random.default_rng(3)
    kinds = set()
    for _ in range(200):
        dimension, split = int(random.integers(1, 4)), int(random.integers(1, 5))
        points = [tuple(map(int, one)) for one in random.integers(-3, 4, size=(7, dimension))]
        found = separate(points[:split], points[split:])
        _check(found, points[:split], points[split:])
        kinds.add(type(found))
    assert kinds == {Separation, Inseparable}


def test_random_equations_have_a_solution_or_a_contradiction():
    random = np.random.default_rng(4)
    kinds = set()
    for _ in range(300):
        A = random.integers(-3, 4, size=(3, 5)).tolist()
        b = random.integers(-4, 5, size=3).tolist()
        found = nonnegative_solution(A, b)
        kinds.add(type(found))
        if isinstance(found, Solution):
            assert all(value >= 0 for value in found.values)
            assert [sum(a * z for a, z in zip(row, found.values, strict=True)) for row in A] == b
        else:
            y = found.multipliers
            assert all(sum(y[i] * A[i][j] for i in range(3)) <= 0 for j in range(5))
            assert sum(y[i] * b[i] for i in range(3)) > 0
    assert kinds == {Solution, Contradiction}


def test_the_certificate_of_xor():
    """D2 of the course notes: w_1 + w_2 + 2 w_0 would have to be above 0 and not."""
    found = separate_table(GATES["xor"])
    assert isinstance(found, Inseparable)
    assert found.total == (2, 1, 1)
    assert {point for _, point in found.firing} == {(0, 1), (1, 0)}
    assert {point for _, point in found.resting} == {(0, 0), (1, 1)}


def test_xor_is_separable_by_a_product():
    """D3: with the features (u, v, u v)."""
    firing = [(0, 1, 0), (1, 0, 0)]
    resting = [(0, 0, 0), (1, 1, 1)]
    found = separate(firing, resting)
    assert isinstance(found, Separation)
    _check(found, firing, resting)


@pytest.mark.parametrize(
    ("weights", "bias", "table"),
    [
        pytest.param((1, 1), -1, GATES["and"], id="D1: AND"),
        pytest.param((1, 1), 0, GATES["or"], id="D1: OR"),
        pytest.param((-1, -1), 1, GATES["nor"], id="NOR"),
    ],
)
def test_units_by_hand(weights, bias, table):
    unit = Unit(Fraction(bias), tuple(map(Fraction, weights)))
    assert tuple(int(unit.fires(row)) for row in rows(2)) == table


@pytest.mark.parametrize(
    ("n", "threshold", "inhibitory", "table"),
    [
        pytest.param(2, 2, (), (0, 0, 0, 1), id="AND"),
        pytest.param(2, 1, (), (0, 1, 1, 1), id="OR"),
        pytest.param(1, 0, (0,), (1, 0), id="NOT"),
        pytest.param(2, 1, (1,), (0, 0, 1, 0), id="x_1 AND NOT x_2"),
        pytest.param(2, 0, (0, 1), (1, 0, 0, 0), id="NOR"),
        pytest.param(3, 2, (), (0, 0, 0, 1, 0, 1, 1, 1), id="majority"),
    ],
)
def test_mcculloch_pitts(n, threshold, inhibitory, table):
    assert McCullochPitts(n, threshold, frozenset(inhibitory)).table() == table
    found = find_mcculloch_pitts(table)
    assert found is not None
    assert found.table() == table


def test_no_mcculloch_pitts_unit_computes_xor():
    assert find_mcculloch_pitts(GATES["xor"]) is None


@pytest.mark.parametrize("low", [0, -1])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_detector_fires_on_its_row_only(n, low):
    for row in rows(n, low):
        unit = row_detector(row, low)
        assert [unit.fires(other) for other in rows(n, low)] == [other == row for other in rows(n, low)]


@pytest.mark.parametrize("low", [0, -1])
@pytest.mark.parametrize("every_row", [False, True])
def test_networks_of_detectors_compute_any_table(low, every_row):
    for table in product((0, 1), repeat=8):
        network = detector_network(table, low, every_row)
        assert network.table(low) == table
        if every_row:
            assert network.units == 2**3 + 1


def test_two_hidden_units_compute_xor_and_xnor_but_not_the_parity_of_three():
    for name in ("xor", "xnor"):
        network = two_hidden_units(GATES[name])
        assert network is not None
        assert network.table() == GATES[name]
    assert two_hidden_units(read_table("parity3")) is None


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
def test_a_chain_computes_parity(n):
    assert chain_table(parity_chain(n)) == tuple(sum(row) % 2 for row in product((0, 1), repeat=n))


@pytest.mark.parametrize(("n", "minterms", "deep"), [(2, 2, 3), (3, 4, 6), (4, 8, 9), (5, 16, 12)])
def test_counts_of_the_course_notes(n, minterms, deep):
    """D5: 2^n + 1 units are enough, parity needs 2^(n-1) rows, a chain 3 (n - 1) units."""
    found = unit_counts(n)
    assert (found.sufficient, found.parity_rows, found.parity_deep) == (2**n + 1, minterms, deep)


def test_the_perceptron_learns_or_by_hand():
    """The first sweep by hand: w = (w_0, w_1, w_2) from 0, a mistake where y w.x <= 0."""
    learning = learn([(0, 0), (0, 1), (1, 0), (1, 1)], [-1, 1, 1, 1])
    first = [(int(v.margin), tuple(map(int, v.weights))) for v in learning.visits[:4]]
    assert first == [(0, (-1, 0, 0)), (-1, (0, 0, 1)), (0, (1, 1, 1)), (3, (1, 1, 1))]
    assert learning.converged


def test_novikoffs_bound_is_of_weights_that_are_said():
    """By hand: w = (-3, 2, 2) leaves margins 3, 3, 5; R^2 = 6, |w|^2 = 17, so 6 * 17 / 9."""
    learning = learn([(2, 1), (-1, 1), (1, -2)], [1, -1, -1])
    assert learning.by == (-3, 2, 2)
    assert learning.bound == Fraction(34, 3)


@pytest.mark.parametrize("seed", range(5))
def test_novikoffs_bound_holds(seed):
    random = np.random.default_rng(seed)
    normal = random.integers(-3, 4, size=3)
    points = [tuple(map(int, one)) for one in random.integers(-4, 5, size=(30, 2))]
    labels = [1 if int(normal[0]) + int(normal[1:] @ point) > 0 else -1 for point in points]
    learning = learn(points, labels, sweeps=5000)
    assert learning.converged
    if learning.bound is not None:
        assert learning.mistakes <= learning.bound


def test_the_perceptron_never_learns_xor():
    learning = learn([(0, 0), (0, 1), (1, 0), (1, 1)], [-1, 1, 1, -1], sweeps=20)
    assert not learning.converged
    assert isinstance(learning.separation, Inseparable)
    assert learning.bound is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: read_table("011"), "2, 4, 8, ... outputs", id="three outputs"),
        pytest.param(lambda: read_table("maybe"), "is no truth table", id="unknown gate"),
        pytest.param(lambda: learn([(0,)], [2]), "labels are 1 and -1", id="label 2"),
        pytest.param(lambda: learn([(0,)], [1, 1]), "1 points and 2 labels", id="too many labels"),
        pytest.param(lambda: Unit(Fraction(0), (Fraction(1),)).sum((1, 1)), "has 1 inputs", id="inputs"),
        pytest.param(lambda: McCullochPitts(2, 1, frozenset({5})), "inputs 0 to 1", id="inhibitory"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ThresholdError, match=message):
        call()
