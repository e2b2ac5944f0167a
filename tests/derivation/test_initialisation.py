"""Moment algebra and what it asks of initial weights, against published figures and simulation."""

import numpy as np
import pytest
import sympy as sp

from derive.derivation.initialisation import Initialisation, activation_moments, initialisation, n_in, n_out
from derive.derivation.moments import MomentError, expectation, mean, variance_of, variance_steps
from derive.ops import operation

w, h, b, u = sp.symbols("w h b u")


def test_variance_of_a_product():
    """I1 of the course notes: E[w]^2 Var h + E[h]^2 Var w + Var w Var h."""
    found = variance_steps(w * h, [w, h])[-1].value
    expected = (
        mean("w") ** 2 * variance_of("h")
        + mean("h") ** 2 * variance_of("w")
        + variance_of("w") * variance_of("h")
    )
    assert sp.expand(found - expected) == 0


@pytest.mark.parametrize(
    ("expression", "zero", "expected"),
    [
        pytest.param(w * h, ["w", "h"], variance_of("w") * variance_of("h"), id="product of mean 0"),
        pytest.param(w + 3 * h + 7, [], variance_of("w") + 9 * variance_of("h"), id="sum"),
        pytest.param(b * w, [], b**2 * variance_of("w"), id="a constant comes out squared"),
        pytest.param(w * h + u, ["w"], None, id="product and sum"),
    ],
)
def test_variances(expression, zero, expected):
    if expected is None:
        expected = variance_of("w") * (variance_of("h") + mean("h") ** 2) + variance_of("u")
    found = variance_steps(expression, [w, h, u], zero)[-1].value
    assert sp.expand(found - expected) == 0


def test_against_simulation():
    random = np.random.default_rng(5)
    samples = {
        w: random.normal(2, 3, 10**6),
        h: random.exponential(2, 10**6),
        u: random.uniform(-1, 5, 10**6),
    }
    moments = {
        mean("w"): 2,
        variance_of("w"): 9,
        mean("h"): 2,
        variance_of("h"): 4,
        mean("u"): 2,
        variance_of("u"): 3,
    }
    found = variance_steps(w * h * u - 2 * w + u, [w, h, u])[-1].value.xreplace(moments)
    simulated = np.var(samples[w] * samples[h] * samples[u] - 2 * samples[w] + samples[u])
    assert float(found) == pytest.approx(simulated, rel=0.02)


def test_a_third_power_needs_more_than_variances():
    with pytest.raises(MomentError, match="moment of order 4"):
        variance_steps(w**2, [w])
    with pytest.raises(MomentError, match="no sum of products"):
        variance_steps(sp.exp(w), [w])


def test_expectation_leaves_constants():
    assert expectation(b * w + 5, [w]) == b * mean("w") + 5


PUBLISHED = [
    # Glorot and Bengio (2010), equations 10 to 12
    pytest.param("identity", {}, 1 / n_in, 1 / n_out, 2 / (n_in + n_out), id="Xavier"),
    pytest.param("tanh", {}, 1 / n_in, 1 / n_out, 2 / (n_in + n_out), id="Xavier, tanh"),
    # He et al. (2015), equations 10 and 14
    pytest.param("relu", {}, 2 / n_in, 2 / n_out, 4 / (n_in + n_out), id="He"),
    # ibid., after equation 15: 2/((1 + a^2) n)
    pytest.param(
        "leaky_relu",
        {"alpha": sp.Rational(1, 2)},
        2 / (sp.Rational(5, 4) * n_in),
        2 / (sp.Rational(5, 4) * n_out),
        4 / (sp.Rational(5, 4) * (n_in + n_out)),
        id="He, leaky",
    ),
]


@pytest.mark.parametrize(("name", "settings", "forward", "backward", "both"), PUBLISHED)
def test_published_conditions(name, settings, forward, backward, both):
    found = initialisation(operation(name), settings)
    assert sp.simplify(found.forward.variance - forward) == 0
    assert sp.simplify(found.backward.variance - backward) == 0
    assert sp.simplify(found.compromise - both) == 0


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "identity", "tanh"])
def test_the_chain_ends_in_its_condition(name):
    """With the variance that it asks for, the last line says that nothing changes."""
    found = initialisation(operation(name))
    for condition, before in ((found.forward, "x"), (found.backward, "dz")):
        last = condition.lines[-1].right.xreplace({variance_of("W"): condition.variance})
        assert sp.simplify(last - variance_of(before)) == 0


def test_xaviers_even_distribution():
    """Glorot and Bengio (2010), equation 16: the bound is sqrt(6/(n_in + n_out))."""
    bound = Initialisation.bound(initialisation(operation("tanh")).compromise)
    assert sp.simplify(bound - sp.sqrt(6 / (n_in + n_out))) == 0


GRID = np.linspace(-12, 12, 240_001)
DENSITY = np.exp(-(GRID**2) / 2) / np.sqrt(2 * np.pi)
SMOOTH = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
}


@pytest.mark.parametrize("variance", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("name", SMOOTH)
def test_quadrature_against_a_fine_grid(name, variance):
    """E[phi^2] and E[phi'^2] by the rectangle rule, the slope by central differences."""
    x, step = np.sqrt(variance) * GRID, 1e-6
    slope = (SMOOTH[name](x + step) - SMOOTH[name](x - step)) / (2 * step)
    cell = GRID[1] - GRID[0]
    found = activation_moments(operation(name), variance=variance)
    assert float(found.square) == pytest.approx(
        (SMOOTH[name](x) ** 2 * DENSITY).sum() * cell / variance, rel=1e-6
    )
    assert float(found.slope_square) == pytest.approx((slope**2 * DENSITY).sum() * cell, rel=1e-6)


def test_a_deep_network_keeps_its_variance():
    """Ten layers of ReLU with He's weights, simulated; with half the variance it falls a thousandfold."""
    random, width = np.random.default_rng(11), 1000
    asked = float(initialisation(operation("relu")).forward.variance.xreplace({n_in: sp.Integer(width)}))
    for factor, expected in ((1.0, 1.0), (0.5, 0.5**10)):
        z = random.normal(size=(200, width))
        for _ in range(10):
            z = np.maximum(z, 0) @ random.normal(0, np.sqrt(factor * asked), (width, width))
        assert np.var(z) == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize(
    ("name", "variance", "message"),
    [
        pytest.param("softmax", None, "is no activation", id="not elementwise"),
        pytest.param("relu", -1.0, "has to be a positive number", id="negative variance"),
    ],
)
def test_messages(name, variance, message):
    with pytest.raises(MomentError, match=message):
        initialisation(operation(name), variance=variance)
