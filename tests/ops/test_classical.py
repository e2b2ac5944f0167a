"""Regression and the moments of a sample, against hand calculation and other solvers."""

import numpy as np
import pytest

from derive import execution
from derive.derivation import derive_gradient
from derive.ops import operation

X = [[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]  # the bias first


@pytest.mark.parametrize(
    ("y", "theta"),
    [
        pytest.param([3.0, 5.0, 7.0], [1.0, 2.0], id="on a line"),
        # slope = sum (x - 2)(y - 2)/sum (x - 2)^2 = (1 + 0 + 2)/2, through (2, 2)
        pytest.param([1.0, 1.0, 4.0], [-1.0, 1.5], id="least squares by hand"),
    ],
)
def test_normal_equations(y, theta):
    np.testing.assert_allclose(execution.forward("linear_regression", {"X": X, "y": y}), theta, rtol=1e-12)
    gradient = derive_gradient(operation("linear_regression_loss"), "theta")
    np.testing.assert_allclose(gradient.numpy(X=X, y=y, theta=theta), [0, 0], atol=1e-13)


def test_the_order_of_bias_and_weight_is_that_of_the_columns():
    """H3 of the course notes: theta = (a, b) needs rows (x, 1)."""
    turned = [[x, one] for one, x in X]
    found = execution.forward("linear_regression", {"X": turned, "y": [3.0, 5.0, 7.0]})
    np.testing.assert_allclose(found, [2.0, 1.0], rtol=1e-12)


def test_ridge_by_hand():
    """One weight: sum x y / (sum x^2 + alpha) = 14/(14 + 6)."""
    given = {"X": [[1.0], [2.0], [3.0]], "y": [1.0, 2.0, 3.0]}
    assert execution.forward("ridge_regression", given, alpha=6.0) == pytest.approx([0.7], rel=1e-14)
    theta = np.array([0.7])
    gradient = derive_gradient(operation("ridge_loss"), "theta")
    np.testing.assert_allclose(gradient.numpy(given, theta=theta, alpha=6.0), [0], atol=1e-13)


@pytest.mark.parametrize(
    ("name", "wrt", "expected"),
    [
        ("linear_regression_loss", "theta", "X^T r"),
        ("ridge_loss", "theta", "alpha theta + X^T r"),
        ("logistic_regression_loss", "theta", "X^T (sigma - y)"),
        ("softmax_regression_loss", "W", "(S^T - Y^T) X"),
    ],
)
def test_textbook_forms(name, wrt, expected):
    from derive.rendering.derivation import as_dict

    found = as_dict(derive_gradient(operation(name), wrt))["result"]["matrix"]["text"]
    plain = found.partition(" = ")[2] or found
    for sign, letter in (("ᵀ", "^T"), ("σ", "sigma"), ("θ", "theta"), ("α", "alpha")):
        plain = plain.replace(sign, letter)
    assert plain == expected


def test_sample_moments_by_hand():
    given = {"x": [4.0, 8.0, 6.0, 10.0]}
    assert execution.forward("sample_mean", given) == 7
    assert execution.forward("sample_variance", given) == 5


def test_the_moments_are_the_maximum_of_the_likelihood():
    """There both gradients of the normal likelihood are 0 (H4 of the course notes)."""
    x = np.array([4.0, 8.0, 6.0, 10.0])
    mean, variance = (execution.forward(f"sample_{what}", {"x": x}) for what in ("mean", "variance"))
    likelihood = operation("gaussian_nll_isotropic")
    given = {"y": x, "mu": np.full(4, mean), "v": variance}
    assert derive_gradient(likelihood, "mu").numpy(given).sum() == pytest.approx(0, abs=1e-14)
    assert derive_gradient(likelihood, "v").numpy(given) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([[1.0, 2.0]], "1 examples cannot fix 2 weights", id="too few examples"),
        pytest.param([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], "not independent", id="a column twice"),
    ],
)
def test_messages(rows, message):
    with pytest.raises(execution.DomainError, match=message):
        execution.forward("linear_regression", {"X": rows, "y": [1.0] * len(rows)})
