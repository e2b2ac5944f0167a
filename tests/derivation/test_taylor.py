"""Expansions against published series, remainders against the functions themselves, missing terms named."""

import json

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

from derive.cli import main
from derive.derivation.taylor import XI, TaylorError, compare, expand

x = sp.Symbol("x", real=True)

SERIES = [
    # Abramowitz and Stegun (1964), 4.2.1, 4.1.24, 4.5.64, 3.6.8; the sigmoid from A3 of the course notes
    pytest.param(sp.exp(x), 0, [1, 1, "1/2", "1/6", "1/24"], id="exp"),
    pytest.param(sp.log(1 + x), 0, [0, 1, "-1/2", "1/3", "-1/4"], id="log"),
    pytest.param(sp.tanh(x), 0, [0, 1, 0, "-1/3", 0, "2/15"], id="tanh"),
    pytest.param(1 / (1 + sp.exp(-x)), 0, ["1/2", "1/4", 0, "-1/48"], id="sigmoid"),
    pytest.param(1 / (1 - x), 0, [1, 1, 1, 1, 1], id="geometric"),
    pytest.param(sp.log(x), 1, [0, 1, "-1/2", "1/3"], id="log about 1"),
    pytest.param(x**3, 2, [8, 12, 6, 1, 0], id="a cube about 2"),
]


@pytest.mark.parametrize(("function", "point", "coefficients"), SERIES)
def test_published_series(function, point, coefficients):
    found = expand(function, x, sp.Integer(point), len(coefficients) - 1)
    assert [term.coefficient for term in found.terms] == [sp.Rational(one) for one in coefficients]


@pytest.mark.parametrize(("function", "point", "coefficients"), SERIES)
@pytest.mark.parametrize("away", [0.4, -0.3])
def test_the_error_is_a_value_of_the_remainder(function, point, coefficients, away):
    """Between the point and x there is a xi for which the remainder is what the polynomial lacks."""
    found = expand(function, x, sp.Integer(point), 3)
    at = point + away
    error = float((function - found.polynomial).subs(x, at))
    inside = np.linspace(min(point, at), max(point, at), 41)
    values = [float(found.remainder.subs({x: at, XI: float(xi)})) for xi in inside]
    assert min(values) - 1e-12 <= error <= max(values) + 1e-12


def test_what_a_claim_has_otherwise():
    """A3: the sigmoid without its 1/2, and with x^3/24."""
    exact = expand(1 / (1 + sp.exp(-x)), x, sp.S.Zero, 3)
    found = [(one.order, one.kind) for one in compare(exact, x / 4 + x**2 - x**3 / 24)]
    assert found == [(0, "missing"), (2, "extra"), (3, "coefficient")]
    assert compare(exact, sp.Rational(1, 2) + x / 4 - x**3 / 48 + x**5 / 480) == []


@pytest.mark.parametrize(
    ("function", "point", "message"),
    [
        pytest.param(sp.log(x), 0, "no finite value at x = 0", id="log at 0"),
        pytest.param(sp.Abs(x), 0, "a kink at x = 0", id="a kink"),
        pytest.param(sp.sqrt(x), 0, "derivative of order 1", id="a root at 0"),
    ],
)
def test_where_there_is_none(function, point, message):
    with pytest.raises(TaylorError, match=message):
        expand(function, x, sp.Integer(point), 2)


def test_the_command():
    result = CliRunner().invoke(main, ["taylor", "exp(x)", "--order", "2", "--claimed", "x + x^2/2"])
    assert "f(x) = 1 + x + x^2/2 + R" in result.output
    assert "order 0: the term 1 is missing" in result.output
    data = json.loads(CliRunner().invoke(main, ["taylor", "exp(x)", "--format", "json"]).output)
    assert [term["coefficient"]["text"] for term in data["terms"]] == ["1", "1", "1/2", "1/6"]
    assert r"\begin{align*}" in CliRunner().invoke(main, ["taylor", "tanh(x)", "--format", "latex"]).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["x + y"], "in x alone; y occurs too", id="two variables"),
        pytest.param(["log(x)"], "no finite value", id="no value"),
        pytest.param(["exp(x)", "--claimed", "exp(x)"], "is no polynomial", id="no polynomial"),
        pytest.param(["exp(x)", "--order", "99"], "orders from 0 to", id="too many"),
    ],
)
def test_bad_calls_say_what_would_work(arguments, message):
    result = CliRunner().invoke(main, ["taylor", *arguments])
    assert result.exit_code == 2
    assert message in result.output
