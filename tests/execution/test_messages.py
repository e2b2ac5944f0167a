"""What a wrong call is told, and which inputs are converted."""

import re

import numpy as np
import pytest

from derive import execution

LINEAR = {"x": np.ones((2, 5)), "W": np.ones((3, 5)), "b": np.ones(3)}


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "message"),
    [
        pytest.param(
            "sotfmax",
            {"x": [1.0]},
            {},
            "no operation 'sotfmax'; near names: softmax, log_softmax",
            id="near-name",
        ),
        pytest.param(
            "GELU", {"x": [1.0]}, {}, "no operation 'GELU'; near names: gelu, elu, relu", id="wrong-case"
        ),
        pytest.param(
            "qqq",
            {"x": [1.0]},
            {},
            "no operation 'qqq'; there are: absolute_error, ",
            id="no-near-name",
        ),
        pytest.param(
            "linear", {"x": [1.0]}, {}, "linear: the input W is missing; it takes x, W, b", id="missing"
        ),
        pytest.param(
            "relu", {"x": [1.0], "w": [1.0]}, {}, "relu: there is no input w; it takes x", id="unknown-input"
        ),
        pytest.param(
            "linear",
            {**LINEAR, "x": np.ones((2, 4))},
            {},
            "linear: W is 3x5 and needs x to end in 5; x ends in 4",
            id="linear-x",
        ),
        pytest.param(
            "linear",
            {**LINEAR, "b": np.ones(7)},
            {},
            "linear: b is of size 7 and needs W to end in 7x5; W ends in 3x5",
            id="linear-b",
        ),
        pytest.param(
            "linear",
            {**LINEAR, "W": np.ones((2, 3, 5))},
            {},
            "linear: W needs the axes (m, n); it has the shape (2, 3, 5)",
            id="linear-W-batched",
        ),
        pytest.param(
            "matvec",
            {"A": np.ones((3, 5)), "x": np.ones(3)},
            {},
            "matvec: x is of size 3 and needs A to end in 3x3; A ends in 3x5",
            id="matvec",
        ),
        pytest.param(
            "quadratic_form",
            {"x": np.ones(5), "A": np.ones((5, 3))},
            {},
            "quadratic_form: A must be square; it is 5x3",
            id="not-square",
        ),
        pytest.param(
            "quadratic_form",
            {"x": np.ones(5), "A": np.ones((3, 3))},
            {},
            "quadratic_form: A is 3x3 and needs x to end in 3; x ends in 5",
            id="square-of-another-size",
        ),
        pytest.param(
            "squared_error",
            {"yhat": np.ones((7, 1)), "y": np.ones((7, 5))},
            {},
            "squared_error: y is of size 5 and needs yhat to end in 5; yhat ends in 1",
            id="no-broadcast",
        ),
        pytest.param(
            "squared_error",
            {"yhat": np.ones((7, 5)), "y": np.ones((2, 5))},
            {},
            "squared_error: the leading axes do not fit together (yhat: (7,), y: (2,))",
            id="batches",
        ),
        pytest.param(
            "softmax", {"x": 1.0}, {}, "softmax: x needs the axes (..., n); it has the shape ()", id="scalar"
        ),
        pytest.param(
            "softmax",
            {"x": np.ones((3, 0))},
            {},
            "softmax: x has the shape (3, 0); (..., n) must not be empty",
            id="empty",
        ),
        pytest.param("relu", {"x": ["a"]}, {}, "relu: x has the type <U1; numbers are needed", id="text"),
        pytest.param(
            "relu",
            {"x": [[1.0], [1.0, 2.0]]},
            {},
            "relu: x is not a rectangular array of numbers",
            id="ragged",
        ),
        pytest.param(
            "relu",
            {"x": np.ones(2, dtype=np.float16)},
            {},
            "relu: x has the type float16; float32 and float64 are executed",
            id="float16",
        ),
        pytest.param(
            "relu", {"x": np.ones(2, dtype=complex)}, {}, "relu: complex input is not possible", id="complex"
        ),
        pytest.param(
            "cross_entropy_index",
            {"z": np.ones((2, 5)), "c": [1.0, 2.0]},
            {},
            "cross_entropy_index: c holds indices and must be of integer type; it is float64",
            id="float-index",
        ),
        pytest.param(
            "cross_entropy_index",
            {"z": np.ones((2, 5)), "c": [4, 5]},
            {},
            "cross_entropy_index: c must lie in 0..4 (z ends in 5); it holds 5",
            id="index-too-large",
        ),
        pytest.param(
            "cross_entropy_index",
            {"z": np.ones((2, 5)), "c": [0, -1]},
            {},
            "cross_entropy_index: c must lie in 0..4 (z ends in 5); it holds -1",
            id="negative-index",
        ),
        pytest.param(
            "binary_cross_entropy",
            {"p": [0.5, 1.5], "y": [1, 1]},
            {},
            "binary_cross_entropy: p must lie in [0, 1]; entry [1] is 1.5",
            id="no-probability",
        ),
        pytest.param(
            "rms_norm",
            {"x": [0.0], "gamma": [1.0]},
            {"eps": 0.0},
            "rms_norm: variance + eps must be positive; the least is 0.0 + 0.0",
            id="no-variance",
        ),
        pytest.param(
            "kl_divergence",
            {"p": [0.5], "q": [1.5]},
            {},
            "kl_divergence: q must lie in [0, 1]; entry [0] is 1.5",
            id="no-distribution",
        ),
        pytest.param(
            "dropout",
            {"x": 0.5, "m": 1},
            {"p": 1.0},
            "dropout: p, the probability of dropping, must be at least 0 and below 1; it is 1.0",
            id="everything-dropped",
        ),
        pytest.param(
            "huber",
            {"yhat": [0.5], "y": [1.5]},
            {"delta": 0.0},
            "huber: delta must be positive; it is 0.0",
            id="no-threshold",
        ),
        pytest.param(
            "label_smoothing_others",
            {"z": [0.5], "y": [1.0]},
            {},
            "label_smoothing_others: there must be at least 2 classes; z ends in 1",
            id="one-class",
        ),
        pytest.param(
            "multiclass_hinge",
            {"z": [0.5, 1.0], "c": 2},
            {},
            "multiclass_hinge: c must lie in 0..1 (z ends in 2); it holds 2",
            id="no-class",
        ),
        pytest.param(
            "elu",
            {"x": 1.0},
            {"beta": 1.0},
            "elu: there is no setting beta; it takes alpha (default 1.0)",
            id="setting",
        ),
        pytest.param(
            "relu",
            {"x": 1.0},
            {"alpha": 1.0},
            "relu: there is no setting alpha; it takes none",
            id="no-settings",
        ),
        pytest.param(
            "elu",
            {"x": 1.0},
            {"alpha": "1"},
            "elu: alpha must be a finite number; it is '1'",
            id="setting-text",
        ),
        pytest.param(
            "elu",
            {"x": 1.0},
            {"alpha": np.nan},
            "elu: alpha must be a finite number; it is nan",
            id="setting-nan",
        ),
    ],
)
def test_a_wrong_call_is_told_what_would_work(name, inputs, settings, message):
    upstream = {"cross_entropy_index": [1.0, 1.0], "rms_norm": [1.0]}.get(name, 1.0)
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.forward(name, inputs, **settings)
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.backward(name, inputs, upstream, **settings)


def test_upstream_must_have_the_shape_of_the_result():
    with pytest.raises(
        execution.ExecutionError, match=re.escape("result's shape (2, 3); it has the shape (3,)")
    ):
        execution.backward("linear", LINEAR, np.ones(3))
    with pytest.raises(
        execution.ExecutionError, match="linear: upstream is complex while the inputs are real"
    ):
        execution.backward("linear", LINEAR, np.ones((2, 3), dtype=complex))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (np.array([1, 2]), np.array([0, 0]), np.float64),
        (np.array([True, False]), [0, 0], np.float64),
        (np.ones(2, dtype=np.float32), np.array([0, 1]), np.float32),
        (np.ones(2, dtype=np.float32), np.array([False, True]), np.float32),
        (np.ones(2, dtype=np.float32), np.ones(2), np.float64),
        (np.ones(2, dtype=np.complex64), np.ones(2, dtype=np.float32), np.complex64),
    ],
    ids=[
        "integers",
        "booleans",
        "float32-and-integers",
        "float32-and-booleans",
        "float32-and-float64",
        "complex64",
    ],
)
def test_types(x, y, expected):
    inputs = {"yhat": x, "y": y}
    value = execution.forward("squared_error", inputs)
    assert value.dtype == expected
    assert {g.dtype for g in execution.backward("squared_error", inputs, 1.0).values()} == {
        np.dtype(expected)
    }


def test_a_setting_from_numpy_does_not_widen_float32():
    x = np.ones(2, dtype=np.float32)
    assert execution.forward("leaky_relu", {"x": x}, alpha=np.float64(0.2)).dtype == np.float32


def test_results_are_arrays_also_without_axes():
    assert isinstance(execution.forward("squared_error", {"yhat": [1.0], "y": [2.0]}), np.ndarray)
    assert isinstance(execution.backward("relu", {"x": 1.0}, 1.0)["x"], np.ndarray)
