"""The Python interface: formulas are SymPy expressions, gradients carry steps, LaTeX and a function."""

import numpy as np
import pytest
import sympy as sp

import derive

B, m, n = sp.symbols("B m n", integer=True, positive=True)


def test_linear_by_its_formulas():
    linear = derive.operation("linear")
    assert linear.inputs == ("x", "W", "b")
    assert linear.parameters == ("W", "b")
    assert linear.output_shape == (B, m)
    assert sp.expand(linear.parameter_count - (m * n + m)) == 0
    assert linear.multiplications == B * m * n
    assert all(one.agrees for one in linear.verify())


def test_a_gradient_evaluates_and_shows_its_way(rng):
    gradient = derive.operation("linear").gradient("W")
    x, W, b, g = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=(7, 5))
    np.testing.assert_allclose(gradient(x=x, W=W, b=b, g=g), g.T @ x, rtol=1e-13)
    assert gradient.matrix == "g^T x"
    assert "chain rule" in [step.rule for step in gradient.steps]
    assert "einsum" in gradient.numpy_source
    assert gradient.to_dict()["wrt"] == "W"
    assert gradient._repr_latex_().startswith("$")
    assert "<math" in gradient.to_html()
    assert r"\begin{align*}" in gradient.to_latex()
    assert "chain rule" in gradient.to_text()


def test_hyper_parameters_have_their_defaults():
    gradient = derive.operation("leaky_relu").gradient("x")
    assert gradient(x=np.array([-2.0, 3.0])).tolist() == [0.01, 1.0]
    assert gradient(x=np.array([-2.0, 3.0]), alpha=0.5).tolist() == [0.5, 1.0]


def test_second_derivative():
    hessian = derive.operation("cross_entropy").gradient("z", order=2)
    s = np.exp([2.0, 1.0, 0.1]) / np.exp([2.0, 1.0, 0.1]).sum()
    found = hessian(z=[2.0, 1.0, 0.1], y=[1.0, 0.0, 0.0])
    np.testing.assert_allclose(found, np.diag(s) - np.outer(s, s), rtol=1e-12)


def test_unknown_names_are_lookup_errors():
    with pytest.raises(LookupError, match="did you mean softmax"):
        derive.operation("sofmax")
    with pytest.raises(LookupError, match="did you mean W"):
        derive.operation("linear").gradient("w")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        derive.nothing  # noqa: B018


def test_the_interface_is_listed():
    assert set(dir(derive)) >= {"operation", "operations", "compare", "check"}
    assert "softmax" in derive.operations()
