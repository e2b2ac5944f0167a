"""Ranges of ratios over whole numbers, against values computed one by one."""

import json
from fractions import Fraction

import pytest
import sympy as sp
from click.testing import CliRunner

from derive.cli import main
from derive.derivation.bounds import BoundsError, bounds, solutions

n = sp.Symbol("n", real=True)

ROWS = [
    pytest.param((8 * n**2 + 4 * n) / (32 * n**2), 1, id="M5: storage"),
    pytest.param(n / (n**2 + 10), 1, id="up and down"),
    pytest.param((n - 1) / (n + 1), 1, id="rising"),
    pytest.param(1 / (2 * n - 7), 1, id="a pole between"),
    pytest.param((n**2 - 9 * n) / (n**2 + 3), 2, id="down and up"),
    pytest.param(sp.Integer(3) + 0 * n, 1, id="constant"),
    pytest.param(n**2 - 7 * n, 0, id="a polynomial"),
]


@pytest.mark.parametrize(("ratio", "first"), ROWS)
def test_against_the_first_thousand(ratio, first):
    found = bounds(ratio, n, first)
    above, below = sp.fraction(sp.together(ratio))
    f, g = sp.lambdify(n, above, "math"), sp.lambdify(n, below, "math")
    values = {k: Fraction(int(f(k)), int(g(k))) for k in range(first, 1000)}
    for reached, bound, extreme in ((found.low_at, found.low, min), (found.high_at, found.high, max)):
        best = extreme(values.values())
        if reached is not None:
            assert values[reached] == best == Fraction(int(bound.p), int(bound.q))
        elif bound.is_finite:  # approached, and not reached by any
            limit = Fraction(int(bound.p), int(bound.q))
            assert all(limit < value if extreme is min else limit > value for value in values.values())
            assert abs(values[999] - limit) < Fraction(1, 50)
        else:
            assert extreme(values, key=values.get) == 999


def test_the_storage_ratio_is_above_a_quarter():
    """M5 of the course notes: 1/4 + 1/(8 n), so that 0.075 is impossible; with 2-bit indices it is n = 10."""
    eight = bounds((8 * n**2 + 4 * n) / (32 * n**2), n)
    assert (eight.low, eight.low_at, eight.high, eight.high_at) == (
        sp.Rational(1, 4),
        None,
        sp.Rational(3, 8),
        1,
    )
    assert eight.falling
    assert solutions(eight, sp.Rational("0.075")) == []
    assert solutions(bounds((2 * n**2 + 4 * n) / (32 * n**2), n), sp.Rational("0.075")) == [10]


@pytest.mark.parametrize(
    ("ratio", "message"),
    [
        pytest.param(1 / (n - 3), "at n = 3 the denominator is 0", id="a pole"),
        pytest.param(sp.exp(n), "no ratio of polynomials", id="exp"),
        pytest.param(n * sp.Symbol("b"), "b occurs too", id="another letter"),
    ],
)
def test_messages(ratio, message):
    with pytest.raises(BoundsError, match=message):
        bounds(ratio, n)


def test_the_command():
    run = CliRunner().invoke
    output = run(main, ["bounds", "(2n^2 + 4n)/(32n^2)", "--equals", "0.075"]).output
    assert "1/16, never reached: always above it" in output
    assert "It is 0.075 for n = 10" in output
    data = json.loads(run(main, ["bounds", "n/(n^2 + 10)", "--format", "json"]).output)
    assert data["high"] == {"value": 3 / 19, "exact": "3/19", "at": 3}
    assert run(main, ["bounds", "1/(n - 3)"]).exit_code == 2
