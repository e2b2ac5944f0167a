"""Normalisation of images against naive loops, PyTorch and each other."""

import itertools
import math
import re

import numpy as np
import pytest

from derive import execution

N, C, H, W, EPS = 3, 4, 2, 5, 0.03
GROUPS = 2


def _make(name):
    random = np.random.default_rng(len(name))
    channels = (GROUPS, C // GROUPS) if name == "group_norm" else (C,)
    inputs = {
        "x": 2 + random.standard_normal((N, *channels, H, W)),
        "gamma": random.standard_normal(channels),
        "beta": random.standard_normal(channels),
    }
    if name == "batch_norm2d_eval":
        inputs |= {"mu": random.standard_normal(C), "v": random.uniform(0.3, 3, C)}
    return inputs, random.standard_normal(inputs["x"].shape)


# Which entries of x (example, channel, row, column) share a mean and a variance.
SHARED = {
    "batch_norm2d": lambda n, c, i, j: c,
    "group_norm": lambda n, c, i, j: (n, c // (C // GROUPS)),
    "instance_norm": lambda n, c, i, j: (n, c),
}


def _naive(name, x, gamma, beta):
    places = list(itertools.product(range(N), range(C), range(H), range(W)))
    family = SHARED[name]
    y = np.zeros((N, C, H, W))
    for place in places:
        values = [x[other] for other in places if family(*other) == family(*place)]
        mean = sum(values) / len(values)
        variance = sum((v - mean) ** 2 for v in values) / len(values)
        c = place[1]
        y[place] = gamma[c] * (x[place] - mean) / math.sqrt(variance + EPS) + beta[c]
    return y


@pytest.mark.parametrize("name", SHARED)
def test_value_is_that_of_the_naive_loop(name, relative_error):
    inputs, _ = _make(name)
    expected = _naive(name, inputs["x"].reshape(N, C, H, W), inputs["gamma"].ravel(), inputs["beta"].ravel())
    actual = execution.forward(name, inputs, eps=EPS)
    assert relative_error(actual.reshape(expected.shape), expected) < 1e-13


@pytest.mark.parametrize("name", [*SHARED, "batch_norm2d_eval"])
def test_value_and_gradients_are_those_of_torch(name, relative_error):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    inputs, upstream = _make(name)
    flat = {key: torch.tensor(a, requires_grad=True) for key, a in inputs.items()}
    x, (gamma, beta) = flat["x"].reshape(N, C, H, W), (flat[key].reshape(-1) for key in ("gamma", "beta"))
    calls = {
        "batch_norm2d": lambda: functional.batch_norm(x, None, None, gamma, beta, training=True, eps=EPS),
        "group_norm": lambda: functional.group_norm(x, GROUPS, gamma, beta, EPS),
        "instance_norm": lambda: functional.instance_norm(x, weight=gamma, bias=beta, eps=EPS),
        "batch_norm2d_eval": lambda: functional.batch_norm(
            x, flat["mu"].detach(), flat["v"].detach(), gamma, beta, eps=EPS
        ),
    }
    result = calls[name]()
    result.backward(torch.tensor(upstream).reshape(result.shape))
    actual = execution.forward(name, inputs, eps=EPS)
    assert relative_error(actual.reshape(result.shape), result.detach().numpy()) < 1e-13
    gradients = execution.backward(name, inputs, upstream, eps=EPS)
    for key in ("x", "gamma", "beta"):  # PyTorch has no derivative by running statistics
        assert relative_error(gradients[key], flat[key].grad.numpy()) < 1e-12, key


def test_images_of_one_place_are_the_batch_norm_of_vectors(relative_error):
    random = np.random.default_rng(0)
    rows, gamma, beta, upstream = (random.standard_normal(s) for s in ((7, 5), (5,), (5,), (7, 5)))
    flat = {"x": rows, "gamma": gamma, "beta": beta}
    images = {**flat, "x": rows[..., None, None]}
    value = execution.forward("batch_norm2d", images)
    assert relative_error(value[..., 0, 0], execution.forward("batch_norm", flat)) < 1e-14
    gradients = execution.backward("batch_norm2d", images, upstream[..., None, None])
    for key, expected in execution.backward("batch_norm", flat, upstream).items():
        assert relative_error(gradients[key].reshape(expected.shape), expected) < 1e-13


def test_value_by_hand():
    """The first channel has mean 3 and variance (4 + 0 + 0 + 4) / 4 = 2, the second is constant."""
    x = np.array([[[[1.0, 3.0]], [[7.0, 7.0]]], [[[3.0, 5.0]], [[7.0, 7.0]]]])
    given = {"x": x, "gamma": [6.0, 1.0], "beta": [10.0, 4.0]}
    actual = execution.forward("batch_norm2d", given, eps=2.0)
    assert actual.tolist() == [[[[4, 10]], [[4, 4]]], [[[10, 16]], [[4, 4]]]]


LOCAL = {"size": 4, "alpha": 2.0, "beta": 0.6, "k": 1.5}


@pytest.mark.parametrize("size", [pytest.param(n, id=f"{n} channels") for n in (1, 2, 3, 4, 11)])
def test_local_response_norm_is_that_of_the_naive_loop_and_of_torch(size, relative_error):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(size)
    x, upstream = random.standard_normal((2, N, 7, H, W))
    settings = {**LOCAL, "size": size}
    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        around = [x[n, a, i, j] ** 2 for a in range(c - size // 2, c - size // 2 + size) if 0 <= a < 7]
        expected[n, c, i, j] = x[n, c, i, j] / (1.5 + 2 / size * sum(around)) ** 0.6
    assert relative_error(execution.forward("local_response_norm", {"x": x}, **settings), expected) < 1e-14
    theirs = torch.tensor(x, requires_grad=True)
    value = torch.nn.functional.local_response_norm(theirs, **settings)
    assert relative_error(value.detach().numpy(), expected) < 1e-14
    value.backward(torch.tensor(upstream))
    own = execution.backward("local_response_norm", {"x": x}, upstream, **settings)["x"]
    assert relative_error(own, theirs.grad.numpy()) < 1e-13


CONSTANT = {"x": np.full((2, 3, 4, 4), 0.7), "gamma": np.ones(3), "beta": np.zeros(3)}
HUGE = {
    "x": np.float32(1e30) * np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2),
    "gamma": [1.0],
    "beta": [0.0],
}


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "message"),
    [
        pytest.param(
            "batch_norm2d",
            {**CONSTANT, "x": np.ones((2, 3, 4, 4))},
            {"eps": 0.0},
            "batch_norm2d: variance + eps must be positive; the least is 0.0 + 0.0",
            id="no-variance",
        ),
        pytest.param(
            "instance_norm",
            {**CONSTANT, "x": np.ones((2, 3, 1, 1))},
            {"eps": 0.0},
            "instance_norm: variance + eps must be positive",
            id="one-place",
        ),
        pytest.param(
            "batch_norm2d",
            {**HUGE, "gamma": np.ones(1, np.float32), "beta": np.ones(1, np.float32)},
            {},
            "batch_norm2d: a variance overflows float32, of which the largest number is 3.4e+38; scale the "
            "input down or give it as float64",
            id="overflow",
        ),
        pytest.param(
            "local_response_norm",
            {"x": CONSTANT["x"]},
            {"size": 0},
            "local_response_norm: size has to be 1 or more; it is 0",
            id="no window",
        ),
        pytest.param(
            "group_norm",
            {**CONSTANT, "gamma": np.ones((1, 3)), "beta": np.ones((1, 3))},
            {},
            "group_norm: gamma is 1x3 and needs x to end in 1x3x4x4; x ends in 2x3x4x4",
            id="groups",
        ),
        pytest.param(
            "batch_norm2d",
            {**CONSTANT, "gamma": np.ones(4)},
            {},
            "batch_norm2d: gamma is of size 4 and needs x to end in 2x4x4x4; x ends in 2x3x4x4",
            id="channels",
        ),
    ],
)
def test_a_wrong_call_is_told_what_would_work(name, inputs, settings, message):
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.forward(name, inputs, **settings)
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.backward(name, inputs, np.ones_like(inputs["x"]), **settings)
