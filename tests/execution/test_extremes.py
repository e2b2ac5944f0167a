"""Where the textbook's formula would overflow: no nan, no inf, no warning (warnings are errors here)."""

from functools import partial

import numpy as np
import pytest

from derive import execution

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
ACTIVATIONS = [n for n in execution.names() if execution.find(n).inputs == ("x",)
               and str(execution.find(n).signature.inputs["x"]) == "(...)"]  # fmt: skip


def _run(name, inputs, upstream=None):
    value = execution.forward(name, inputs)
    gradients = execution.backward(name, inputs, np.ones_like(value) if upstream is None else upstream)
    return value, gradients


@DTYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_finite_everywhere(name, dtype):
    limits = np.finfo(dtype)
    sizes = [0.0, limits.smallest_subnormal, limits.tiny, limits.eps, 1.0, 88.0, 1e3, 1e4, 1e30, limits.max]
    x = np.array([sign * size for size in sizes for sign in (1, -1)], dtype=dtype)
    value, gradients = _run(name, {"x": x})
    assert np.isfinite(value).all()
    assert np.isfinite(gradients["x"]).all()


# The limits for x -> -inf and +inf: (value at -1e3, slope there, value at 1e3, slope there).
@DTYPES
@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("sigmoid", (0, 0, 1, 0)),
        ("tanh", (-1, 0, 1, 0)),
        ("relu", (0, 0, 1e3, 1)),
        ("leaky_relu", (-10, 0.01, 1e3, 1)),
        ("elu", (-1, 0, 1e3, 1)),
        ("softplus", (0, 0, 1e3, 1)),
        ("silu", (0, 0, 1e3, 1)),
        ("gelu", (0, 0, 1e3, 1)),
        ("gelu_tanh", (0, 0, 1e3, 1)),
    ],
)
def test_limits_of_the_activations(name, limits, dtype):
    value, gradients = _run(name, {"x": np.array([-1e3, 1e3], dtype=dtype)})
    found = [value[0], gradients["x"][0], value[1], gradients["x"][1]]
    np.testing.assert_allclose(found, limits, rtol=1e-6 if dtype == np.float32 else 1e-15)


@DTYPES
@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1000, 0], [1, 0]),
        ([-1000, -1000], [0.5, 0.5]),
        ([3e38, -3e38], [1, 0]),
        ([-3e38, -3e38], [0.5, 0.5]),
        ([0, -np.inf], [1, 0]),
    ],
    ids=str,
)
def test_softmax(x, expected, dtype):
    inputs = {"x": np.array(x, dtype=dtype)}
    value, gradients = _run("softmax", inputs, np.array([1.0, 0.0]))
    assert value.tolist() == expected
    slope = expected[0] * expected[1]
    assert gradients["x"].tolist() == [slope, -slope]


@DTYPES
def test_logarithms_of_softmax(dtype):
    inputs = {"x": np.array([[1e4, 0], [-1e30, -1e30], [1e38, -1e38]], dtype=dtype)}
    value, gradients = _run("log_softmax", inputs, np.array([[0, 1.0]] * 3))
    np.testing.assert_allclose(value, [[0, -1e4], [-np.log(2)] * 2, [0, -2e38]], rtol=1e-6)
    np.testing.assert_allclose(gradients["x"], [[-1, 1], [-0.5, 0.5], [-1, 1]])
    value, gradients = _run("log_sum_exp", inputs)
    np.testing.assert_allclose(value, [1e4, -1e30, 1e38], rtol=1e-6)
    np.testing.assert_allclose(gradients["x"], [[1, 0], [0.5, 0.5], [1, 0]])


@DTYPES
@pytest.mark.parametrize(
    ("z", "y", "loss", "slope"),
    [
        (1e4, 1, 0, 0),
        (1e4, 0, 1e4, 1),
        (-1e4, 1, 1e4, -1),
        (-1e4, 0, 0, 0),
        (3e38, 1, 0, 0),
        (-3e38, 0, 0, 0),
    ],
)
def test_binary_cross_entropy_on_logits(z, y, loss, slope, dtype):
    value, gradients = _run("binary_cross_entropy_logits", {"z": np.array([z], dtype=dtype), "y": [y]})
    assert (value.item(), gradients["z"].item()) == (loss, slope)


def test_binary_cross_entropy_on_logits_keeps_its_digits_when_right():
    value, gradients = _run("binary_cross_entropy_logits", {"z": [[40.0], [-40.0]], "y": [[1], [0]]})
    np.testing.assert_allclose(value, [np.exp(-40)] * 2, rtol=1e-12)
    np.testing.assert_allclose(gradients["z"], [[-np.exp(-40)], [np.exp(-40)]], rtol=1e-12)


def test_binary_cross_entropy_on_logits_keeps_its_digits_when_nearly_right():
    # (1 - y) z = 40.1 * 2^-40; the other term, e^-40.1, is a ten-millionth of it.
    value = execution.forward("binary_cross_entropy_logits", {"z": [40.1], "y": [1 - 2.0**-40]})
    assert value.item() == pytest.approx(40.1 * 2.0**-40, rel=1e-6, abs=0)


@DTYPES
@pytest.mark.parametrize("sign", [1, -1])
def test_cross_entropy(sign, dtype):
    z = sign * np.array([1e4, 0, -1e4], dtype=dtype)
    one_hot = np.array([1, 0, 0], dtype=dtype)
    expected, slopes = (0, [0, 0, 0]) if sign == 1 else (2e4, [-1, 0, 1])
    for name, target in (("cross_entropy", {"y": one_hot}), ("cross_entropy_index", {"c": 0})):
        value, gradients = _run(name, {"z": z, **target})
        assert (value.item(), gradients["z"].tolist()) == (expected, slopes)


def test_a_masked_class_costs_nothing_if_it_is_not_the_target():
    z = np.array([0.0, 0.0, -np.inf])
    for name, target in (("cross_entropy", {"y": [1.0, 0, 0]}), ("cross_entropy_index", {"c": 0})):
        value, gradients = _run(name, {"z": z, **target})
        assert value.item() == pytest.approx(np.log(2), rel=1e-15)
        assert gradients["z"].tolist() == [-0.5, 0.5, 0]


def test_certain_probabilities():
    inputs = {"p": [0.0, 1.0], "y": [0.0, 1.0]}
    value, gradients = _run("binary_cross_entropy", inputs)
    assert value.item() == 0
    assert gradients["p"].tolist() == [1, -1]  # 1/(1-p) and -1/p
    assert gradients["y"].tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize("scale", [30.0, 300.0, 3000.0])
@pytest.mark.parametrize(
    "name",
    [
        "softmax",
        "log_softmax",
        "log_sum_exp",
        "cross_entropy",
        "cross_entropy_index",
        "binary_cross_entropy_logits",
    ]
    + [name for name in ACTIVATIONS if execution.find(name).analytic],
)
def test_complex_step_goes_to_the_extremes_too(name, scale, make_inputs, make_upstream):
    inputs = make_inputs(name, (7,))
    wrt = execution.find(name).inputs[0]
    inputs[wrt] = scale * inputs[wrt]
    upstream = make_upstream(name, inputs)
    witness = execution.complex_step(partial(execution.forward, name), inputs, wrt, upstream)
    actual = execution.backward(name, inputs, upstream)[wrt]
    np.testing.assert_allclose(actual, witness, rtol=1e-11, atol=1e-13)
