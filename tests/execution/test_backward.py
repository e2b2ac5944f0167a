"""Hand-written gradients against complex step or five-point differences of the forward, and at the kinks."""

from functools import partial

import numpy as np
import pytest

from derive import execution

BATCHES = [(), (7,), (2, 3)]
PAIRS = [(name, wrt) for name in execution.names() for wrt in execution.find(name).differentiable]


def _check(name, inputs, wrt, upstream, relative_error, **settings):
    function = partial(execution.forward, name, **settings)
    analytic = execution.find(name).analytic
    witness, tolerance = (execution.complex_step, 1e-11) if analytic else (execution.five_point, 1e-8)
    actual = execution.backward(name, inputs, upstream, **settings)[wrt]
    assert relative_error(actual, witness(function, inputs, wrt, upstream)) < tolerance


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize(("name", "wrt"), PAIRS)
def test_gradient_is_that_of_the_forward(name, wrt, batch, make_inputs, make_upstream, relative_error):
    inputs = make_inputs(name, batch)
    _check(name, inputs, wrt, make_upstream(name, inputs), relative_error)


@pytest.mark.parametrize(("name", "wrt"), PAIRS)
def test_five_point_agrees_too(name, wrt, make_inputs, make_upstream, relative_error):
    inputs = make_inputs(name, (2,))
    upstream = make_upstream(name, inputs)
    witness = execution.five_point(partial(execution.forward, name), inputs, wrt, upstream)
    assert relative_error(execution.backward(name, inputs, upstream)[wrt], witness) < 1e-8


@pytest.mark.parametrize("alone", ["first", "last"])
@pytest.mark.parametrize(("name", "wrt"), [(n, w) for n, w in PAIRS if len(execution.find(n).inputs) > 1])
def test_gradient_of_a_broadcast_input_is_summed(
    name, wrt, alone, make_inputs, make_upstream, relative_error
):
    ends = execution.find(name).inputs
    inputs = make_inputs(name, (2, 3), alone=ends[0] if alone == "first" else ends[-1])
    _check(name, inputs, wrt, make_upstream(name, inputs), relative_error)


def test_axes_of_size_one_are_broadcast_and_summed(relative_error):
    random = np.random.default_rng(0)
    inputs = {"A": random.standard_normal((2, 1, 3, 5)), "x": random.standard_normal((1, 7, 5))}
    upstream = random.standard_normal((2, 7, 3))
    for wrt in inputs:
        _check("matvec", inputs, wrt, upstream, relative_error)


@pytest.mark.parametrize(
    ("name", "settings"), [("leaky_relu", {"alpha": 0.3}), ("elu", {"alpha": 1.7}), ("elu", {"alpha": -0.5})]
)
def test_gradient_with_a_setting(name, settings, make_inputs, make_upstream, relative_error):
    inputs = make_inputs(name, (7, 5))
    _check(name, inputs, "x", make_upstream(name, inputs), relative_error, **settings)


@pytest.mark.parametrize("point", [-30.0, -12.0, -5.0, 5.0, 12.0, 30.0])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "silu", "gelu_tanh"])
def test_gradient_keeps_its_digits_in_the_tails(name, point, relative_error):
    """Each entry by itself, so that 1 - s or 1 - t^2 computed by subtraction would fail."""
    _check(name, {"x": np.array(point)}, "x", np.array(1.0), relative_error)


@pytest.mark.parametrize(("name", "wrt"), PAIRS)
def test_float32_gradient_stays_float32(name, wrt, make_inputs, make_upstream, relative_error):
    singles, doubles = (make_inputs(name, (7,), dtype) for dtype in (np.float32, np.float64))
    upstream = make_upstream(name, doubles)
    single = execution.backward(name, singles, upstream)[wrt]
    assert single.dtype == np.float32
    assert relative_error(single, execution.backward(name, doubles, upstream)[wrt]) < 1e-5


# PyTorch's conventions at x = 0; test_torch.py asks PyTorch itself.
@pytest.mark.parametrize(
    ("name", "settings", "slope"),
    [("relu", {}, 0.0), ("leaky_relu", {"alpha": 0.2}, 0.2), ("elu", {"alpha": 3.0}, 3.0)],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_slope_at_the_kink(name, settings, slope, zero):
    assert execution.backward(name, {"x": [zero]}, [1.0], **settings)["x"].tolist() == [slope]


@pytest.mark.parametrize(
    ("name", "inputs", "slopes"),
    [
        ("absolute_error", {"yhat": [2.0], "y": [2.0]}, [0]),
        ("l1_penalty", {"w": [0.0, -0.0]}, [0, 0]),
        ("huber", {"yhat": [3.0, -1.0], "y": [2.0, 0.0]}, [1, -1]),
        ("hinge", {"z": [1.0, -1.0], "y": [1.0, -1.0]}, [0, 0]),
        ("multiclass_hinge", {"z": [2.0, 1.0], "c": 0}, [0, 0]),
    ],
)
def test_slope_where_two_formulas_meet(name, inputs, slopes):
    assert next(iter(execution.backward(name, inputs, 1.0).values())).tolist() == slopes


def test_cross_entropy_gradient_by_hand_for_weights_that_sum_to_three():
    # s = (1/4, 3/4), y = (1, 2): s * 3 - y
    gradients = execution.backward("cross_entropy", {"z": [0, np.log(3)], "y": [1, 2]}, 1.0)
    np.testing.assert_allclose(gradients["z"], [-1 / 4, 1 / 4], rtol=1e-14)
    np.testing.assert_allclose(gradients["y"], [np.log(4), np.log(4 / 3)], rtol=1e-14)


def test_every_operation_has_a_gradient_for_every_float_input(make_inputs, make_upstream):
    for name in execution.names():
        inputs = make_inputs(name)
        gradients = execution.backward(name, inputs, make_upstream(name, inputs))
        assert tuple(gradients) == execution.find(name).differentiable


def _is_large(name, wrt):
    """Images, their kernels and pooling, of which the Hessian by differences takes long."""
    return "pool" in name or bool({"H", "k_h"} & set(execution.find(name).signature.inputs[wrt].letters))


def _by_size(name, wrt):
    """A Hessian takes as many runs as there are pairs of entries: those by matrices are for the slow run."""
    rank = len(execution.find(name).signature.inputs[wrt].letters)
    return pytest.param(name, wrt, marks=[pytest.mark.slow] if rank > 1 else [])


@pytest.mark.parametrize(("name", "wrt"), [_by_size(*pair) for pair in PAIRS if not _is_large(*pair)])
def test_second_derivatives_of_backward_and_forward_agree(
    name, wrt, make_inputs, make_upstream, relative_error
):
    """Differentiating the hand-written gradient once is differentiating the forward twice."""
    inputs = make_inputs(name)
    upstream = make_upstream(name, inputs)
    analytic = execution.find(name).analytic
    method = "complex-step" if analytic else "five-point"
    once = execution.jacobian(
        lambda values: execution.backward(name, values, upstream)[wrt], inputs, wrt, method
    )
    twice = execution.hessian(partial(execution.forward, name), inputs, wrt, upstream, method=method)
    assert once.shape == inputs[wrt].shape * 2
    scale = max(1.0, np.abs(once).max())
    assert np.abs(once - twice).max() / scale < (1e-9 if analytic else 1e-7)


def test_mixed_second_derivatives():
    """d^2 (x^T A x) / dx_k dA_ij = [k=i] x_j + [k=j] x_i."""
    x = np.array([2.0, 3.0])
    function = partial(execution.forward, "quadratic_form")
    mixed = execution.hessian(function, {"x": x, "A": np.eye(2)}, "x", 1.0, by="A")
    delta = np.eye(2)
    expected = np.einsum("ki,j->kij", delta, x) + np.einsum("kj,i->kij", delta, x)
    np.testing.assert_allclose(mixed, expected, atol=1e-9)
