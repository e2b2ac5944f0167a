"""The witnesses themselves, against derivatives taken by hand."""

import math

import numpy as np
import pytest

from derive import execution

FUNCTIONS = [
    pytest.param(np.exp, np.exp, [-3.0, 0.0, 5.0], id="exp"),
    pytest.param(np.sin, np.cos, [0.3, 20.0, 1000.0], id="sin"),
    pytest.param(np.log, lambda x: 1 / x, [1e-5, 1e-3, 0.5, 1e6], id="log-near-its-end"),
    pytest.param(lambda x: 1 / (1 - x), lambda x: (1 - x) ** -2.0, [0.5, 0.999, 1.001], id="near-a-pole"),
    pytest.param(lambda x: x**7, lambda x: 7 * x**6, [0.5, 100.0], id="power"),
    pytest.param(lambda x: 3 * x - 1e6, lambda x: 3 + 0 * x, [0.0, 2.0], id="large-constant"),
]


@pytest.mark.parametrize(("function", "derivative", "points"), FUNCTIONS)
def test_both_ways_give_the_derivative(function, derivative, points):
    x = np.array(points)
    ones = np.ones_like(x)
    exact = derivative(x)
    by_step = execution.complex_step(lambda inputs: function(inputs["x"]), {"x": x}, "x", ones)
    np.testing.assert_allclose(by_step, exact, rtol=1e-14)
    by_points = execution.five_point(lambda inputs: function(inputs["x"]), {"x": x}, "x", ones)
    np.testing.assert_allclose(by_points, exact, rtol=1e-8)


@pytest.mark.parametrize(("constant", "tolerance"), [(0, 1e-11), (1e6, 1e-6)])
def test_five_point_is_not_fooled_by_chance(constant, tolerance):
    """A large constant makes the values coarse: two badly rounded slopes then often agree exactly."""
    points = np.random.default_rng(5).uniform(-4, 4, 1000)
    slopes = [
        execution.five_point(lambda inputs: constant + np.sin(inputs["x"]), {"x": x}, "x", 1.0)
        for x in points
    ]
    np.testing.assert_allclose(slopes, np.cos(points), atol=tolerance)


@pytest.mark.parametrize("distance", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
def test_five_point_does_not_step_over_a_near_kink(distance):
    x = {"x": np.array([distance, -distance])}
    slopes = execution.five_point(lambda inputs: np.maximum(inputs["x"], 0), x, "x", np.ones(2))
    np.testing.assert_allclose(slopes, [1, 0], atol=1e-9)


@pytest.mark.parametrize("p", [1e-5, 0.5, 1 - 1e-5])
def test_five_point_drops_steps_that_leave_the_domain(p):
    def loss(inputs):
        return execution.forward("binary_cross_entropy", inputs)

    actual = execution.five_point(loss, {"p": [p], "y": [1.0]}, "p", 1.0)
    np.testing.assert_allclose(actual, [-1 / p], rtol=1e-8)


def test_the_jacobian_of_softmax_by_hand():
    s = np.array([1 / 8, 2 / 8, 5 / 8])
    by_hand = np.diag(s) - np.outer(s, s)
    inputs = {"x": np.log(s)}
    for method, tolerance in (("complex-step", 1e-15), ("five-point", 1e-11)):
        actual = execution.jacobian(lambda i: execution.forward("softmax", i), inputs, "x", method)
        np.testing.assert_allclose(actual, by_hand, atol=tolerance)


def test_a_jacobian_has_the_shape_of_the_result_then_of_the_input():
    inputs = {"x": np.ones((7, 5)), "W": np.ones((3, 5)), "b": np.ones(3)}
    jacobian = execution.jacobian(lambda i: execution.forward("linear", i), inputs, "W")
    assert jacobian.shape == (7, 3, 3, 5)
    assert jacobian[4, 1, 1].tolist() == [1] * 5
    assert jacobian[4, 1, 2].tolist() == [0] * 5


def test_the_hessian_of_log_sum_exp_by_hand():
    s = np.array([0.2, 0.3, 0.5])
    actual = execution.hessian(lambda i: execution.forward("log_sum_exp", i), {"x": np.log(s)}, "x", 1.0)
    np.testing.assert_allclose(actual, np.diag(s) - np.outer(s, s), atol=1e-10)


@pytest.mark.parametrize("method", ["complex-step", "five-point"])
def test_float32_inputs_are_differentiated_in_double_precision(method):
    """Those that are not moved as well."""
    x, a = np.float32(0.7), np.float32(0.3)
    actual = execution.jacobian(lambda i: np.exp(i["a"]) * np.sin(i["x"]), {"x": x, "a": a}, "x", method)
    np.testing.assert_allclose(actual, math.exp(float(a)) * math.cos(float(x)), rtol=1e-11)


def test_an_empty_input_has_an_empty_gradient():
    empty = {"x": np.zeros((0, 3))}
    assert execution.complex_step(lambda i: i["x"] ** 2, empty, "x", np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: execution.complex_step(lambda i: i["x"].real, {"x": [1.0]}, "x", [1.0]),
            "returned real numbers for complex input.*use five_point", id="drops-the-imaginary-part"),
        pytest.param(
            lambda: execution.complex_step(lambda i: execution.forward("gelu", i), {"x": [1.0]}, "x", [1.0]),
            "gelu: complex input is not possible.*five_point", id="not-analytic"),
        pytest.param(
            lambda: execution.jacobian(lambda i: i["x"], {"x": [1.0]}, "y"),
            "no input 'y' to differentiate by; there are: x", id="unknown-input"),
        pytest.param(
            lambda: execution.complex_step(lambda i: i["x"], {"x": [1.0]}, "W", [1.0]),
            "no input 'W' to differentiate by; there are: x", id="unknown-input-of-a-vjp"),
        pytest.param(
            lambda: execution.jacobian(lambda i: i["z"], {"z": [1.0], "c": [1]}, "c"),
            r"'c' is not real \(int64\)", id="integer-input"),
        pytest.param(
            lambda: execution.five_point(lambda i: i["x"], {"x": [1.0, 2.0]}, "x", [1.0]),
            r"upstream has the shape \(1,\), the function's result \(2,\)", id="upstream-shape"),
        pytest.param(
            lambda: execution.jacobian(lambda i: i["x"], {"x": [1.0]}, "x", "secant"),
            "no method 'secant'; there are: complex-step, five-point", id="method"),
        pytest.param(
            lambda: execution.five_point(lambda i: np.log(-i["x"] ** 2), {"x": [1.0]}, "x", [1.0]),
            "not finite around entry .0. of x = 1.0", id="nowhere-defined"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with (
        pytest.raises(execution.ExecutionError, match=f"(?s){message}"),
        np.errstate(all="ignore"),
    ):
        call()
