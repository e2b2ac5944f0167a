"""The product of Jacobians through time, against executed networks; its bound, and who has one."""

import numpy as np
import pytest
import sympy as sp

from derive import execution
from derive.derivation.through_time import carried, greatest_slope, through_time
from derive.ops import operation
from derive.rendering.through_time import as_latex, as_text
from derive.tensor.printing import Printer


@pytest.mark.parametrize(
    ("name", "expected"),
    [("tanh", 1), ("sigmoid", sp.Rational(1, 4)), ("relu", 1), ("leaky_relu", 1), ("identity", 1)],
)
def test_the_greatest_slope(name, expected):
    assert greatest_slope(operation(name)) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [("softmax", "softmax is not an activation"), ("gelu", "the slope of gelu is not written by its value")],
)
def test_what_has_no_bound_says_why(name, message):
    with pytest.raises(ValueError, match=message):
        through_time(name)


@pytest.mark.parametrize("scale", [0.3, 3.0], ids=["vanishing", "maybe exploding"])
def test_the_product_is_the_jacobian_of_the_executed_network_and_within_the_bound(scale, rng):
    steps, m = 7, 3
    of = {"W_xh": np.eye(m), "W_hh": scale * rng.normal(size=(m, m)), "b": np.zeros(m)}
    x = rng.normal(size=(steps, m))
    states = execution.forward("rnn", {"x": x, **of})
    product = np.eye(m)
    for state in states[1:]:
        product = np.diag(1 - state**2) @ of["W_hh"] @ product  # diag(tanh'(z_s)) W_hh, the last leftmost
    columns = []
    for unit in np.eye(m):
        h = states[0] + 1e-30j * unit
        for row in x[1:]:
            h = execution.forward("rnn_cell", {"x": row, "h": h, **of})
        columns.append(h.imag / 1e-30)
    np.testing.assert_allclose(product, np.transpose(columns), rtol=1e-10)
    norm = np.linalg.norm(of["W_hh"], 2)
    assert np.linalg.norm(product, 2) <= through_time("tanh").bound(norm, steps - 1) * (1 + 1e-12)


@pytest.mark.parametrize(("name", "expected"), [("lstm", "diag(f_t)"), ("gru", "diag(s_t)")])
def test_what_a_gated_network_carries_on(name, expected):
    assert carried(name).print(Printer("text")) == expected


def test_the_argument_in_text_and_latex():
    found = through_time("sigmoid")
    text = as_text(found, norm=2, steps=10)
    assert "∂h_T/∂h_t = Π_(s=t+1..T) diag(σ'(z_s)) W_hh" in text
    assert "‖∂h_T/∂h_t‖ ≤ (1/4 σ_max(W_hh))^(T-t)" in text
    assert "σ_max(W_hh) < 4" in text
    assert text.endswith("≤ 0.000976562")  # (1/2)^10
    assert r"\prod_{s=t+1}^{T} \operatorname{diag}(\sigma'(z_s)) W_{hh}" in as_latex(found)
