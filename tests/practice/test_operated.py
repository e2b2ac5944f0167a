"""Problems that an operation of the catalogue answers, against naive NumPy."""

import numpy as np
import pytest

from derive.bank.errors import ProblemError
from derive.bank.problem import problem_from
from derive.practice.solve import solve

RNG = np.random.default_rng(5)


def written(array) -> str:
    if array.ndim == 1:
        return "(" + ", ".join(map(str, array)) + ")"
    return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(map(str, row)) for row in array) + r" \end{bmatrix}"


def worked(operation, arrays, find="", settings=None, without=(), upstream=None, numbers=None):
    """The value of the only part of a problem on these arrays."""
    inputs = {**{name: name for name in arrays if name != "G"}, **(numbers or {})}
    givens = [f"{name} = {written(array)}" for name, array in arrays.items()]
    run = {"name": "o", "operation": operation, "inputs": inputs}
    run |= {"settings": settings or {}, "without": list(without)} | ({"upstream": "G"} if upstream else {})
    part = {"id": "a", "question": "?", "marks": 1, "answer": "Z", "operation": "o"}
    part |= {"find": find} if find else {}
    data = {"title": "t", "source": "s", "givens": givens, "operations": [run], "parts": [part]}
    return np.array(solve(problem_from(data, "t/t"))[0].value)


def drawn(*shape):
    return RNG.integers(-4, 5, shape)


def windows(x, K, stride, padding, dilation):
    """Cross-correlation by four loops; returns the output and the function that sends a gradient back."""
    padded = np.pad(x, padding)
    (h, w), (a, b) = padded.shape, K.shape
    out = np.zeros(((h - dilation * (a - 1) - 1) // stride + 1, (w - dilation * (b - 1) - 1) // stride + 1))
    for i, j, u, v in np.ndindex(*out.shape, a, b):
        out[i, j] += K[u, v] * padded[stride * i + dilation * u, stride * j + dilation * v]

    def back(g):
        dx, dK = np.zeros_like(padded, dtype=float), np.zeros(K.shape)
        for i, j, u, v in np.ndindex(*out.shape, a, b):
            place = stride * i + dilation * u, stride * j + dilation * v
            dx[place] += K[u, v] * g[i, j]
            dK[u, v] += padded[place] * g[i, j]
        inner = slice(padding, -padding or None)
        return dx[inner, inner], dK

    return out, back


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (3, 2, 2), (2, 1, 2)])
def test_a_convolution_of_one_image(stride, padding, dilation) -> None:
    x, W = drawn(7, 5), drawn(3, 2)
    y, back = windows(x, W, stride, padding, dilation)
    G = drawn(*y.shape)
    dx, dW = back(G)
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    common = {"settings": settings, "without": ["N", "C", "O"], "numbers": {"b": 0}}
    assert np.array_equal(worked("conv2d", {"x": x, "W": W}, **common), y)
    given = {"x": x, "W": W, "G": G}
    assert np.array_equal(worked("conv2d", given, "dW", upstream=True, **common), dW)
    assert np.array_equal(worked("conv2d", given, "dx", upstream=True, **common), dx)


def test_batch_normalisation_node_by_node() -> None:
    """The chain of a lecture, by NumPy, against finite differences too."""
    x, gamma, beta, G = drawn(5, 3) * 1.0, drawn(3) + 5.0, drawn(3) * 1.0, drawn(5, 3) * 1.0
    x += np.arange(5)[:, None] * 0.5

    def forward(x):
        centred = x - x.mean(0)
        return gamma * centred / np.sqrt((centred**2).mean(0)) + beta

    v, xhat = x.var(0), (x - x.mean(0)) / x.std(0)
    dxhat = G * gamma
    expected = {
        "mu": x.mean(0),
        "v": v,
        "xhat": xhat,
        "dbeta": G.sum(0),
        "dgamma": (G * xhat).sum(0),
        "dxhat": dxhat,
        "dv": -0.5 * v**-1.5 * ((x - x.mean(0)) * dxhat).sum(0),
        "dmu": -(v**-0.5) * dxhat.sum(0),
        "dx": np.zeros_like(x),
    }
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-6
        expected["dx"][place] = ((forward(x + step) - forward(x - step)) * G).sum() / 2e-6
    given = {"x": x, "gamma": gamma, "beta": beta, "G": G}
    for find, value in expected.items():
        found = worked("batch_norm", given, find, {"eps": 0}, upstream=True)
        assert found == pytest.approx(value, rel=1e-7, abs=1e-7), find


def test_max_pooling_with_a_tie_takes_the_first_as_pytorch_does() -> None:
    x, G = np.array([[1, 3, 3], [2, 0, 3], [5, 5, 5]]), np.array([[2, 3], [5, 7]])
    settings = {"kernel": 2, "stride": 1}
    common = {"settings": settings, "without": ["N", "C"]}
    assert worked("max_pool2d", {"x": x}, **common).tolist() == [[3, 3], [5, 5]]
    found = worked("max_pool2d", {"x": x, "G": G}, "dx", upstream=True, **common)
    assert found.tolist() == [[0, 5, 0], [0, 0, 0], [5, 7, 0]]


def test_an_entrywise_operation_takes_arrays() -> None:
    x, m = np.array([[2, -3], [5, 7]]), np.array([[1, 0], [1, 1]])
    assert worked("dropout", {"x": x, "m": m}, settings={"p": 0.5}).tolist() == [[4, 0], [10, 14]]
    back = worked("relu", {"x": x, "G": m + 1}, "dx", upstream=True)
    assert back.tolist() == [[2, 0], [2, 2]]


def test_a_recurrence_step_by_step() -> None:
    x, W_xh, W_hh, b = drawn(3, 2), drawn(3, 2) / 10, drawn(3, 3) / 10, drawn(3) / 10
    h, states = np.zeros(3), []
    for step in x:
        h = np.tanh(W_xh @ step + W_hh @ h + b)
        states.append(h)
    found = worked("rnn", {"x": x, "W_xh": W_xh, "W_hh": W_hh, "b": b})
    assert found == pytest.approx(np.array(states), rel=1e-12)


def test_the_gradient_of_a_loss_at_a_class() -> None:
    z = np.array([2.0, 1.0, 0.1])
    softmax = np.exp(z) / np.exp(z).sum()
    found = worked("cross_entropy_index", {"z": z}, "dz", numbers={"c": 2})
    assert found == pytest.approx(softmax - [0, 1, 0], rel=1e-12)


BAD = [
    ("conv2d", {"x": drawn(2, 2), "W": drawn(3, 3)}, {}, ["N", "C", "O"], {"b": 0}, "kernel is larger"),
    ("conv2d", {"x": drawn(3, 3), "W": drawn(2, 2)}, {}, [], {"b": 0}, "without"),
    ("conv2d", {"x": drawn(3, 3)}, {}, ["N", "C", "O"], {}, "needs W"),
    ("conv2d", {"x": drawn(3, 3), "W": drawn(2, 2)}, {"strides": 2}, ["N", "C", "O"], {"b": 0}, "stride"),
    (
        "linear",
        {"x": drawn(2, 3), "W": drawn(5, 2), "b": drawn(5)},
        {},
        [],
        {},
        "n is 3 elsewhere and 2",
    ),
    (
        "batch_norm",
        {"x": np.array([[3, 1], [3, 2]])},
        {"eps": 0},
        [],
        {"gamma": 1, "beta": 0},
        "r has no value: division by zero",
    ),
    ("tanhh", {"x": drawn(2)}, {}, [], {}, "did you mean"),
]


@pytest.mark.parametrize(
    ("operation", "arrays", "settings", "without", "numbers", "said"), BAD, ids=[row[-1] for row in BAD]
)
def test_what_cannot_be_run_is_said(operation, arrays, settings, without, numbers, said) -> None:
    with pytest.raises(ProblemError, match=said):
        worked(operation, arrays, settings=settings, without=without, numbers=numbers)


NORM = {"name": "o", "operation": "batch_norm", "without": ["n"]}


def test_the_working_shows_formula_numbers_and_result() -> None:
    data = {
        "title": "t",
        "source": "s",
        "givens": ["z = (4, 8, 6, 10)"],
        "operations": [
            {
                "name": "o",
                "operation": "batch_norm",
                "inputs": {"x": "z", "gamma": 1, "beta": 0},
                "without": ["n"],
            }
        ],
        "parts": [{"id": "a", "question": "?", "marks": 1, "answer": "m", "operation": "o", "find": "mu"}],
    }
    (solved,) = solve(problem_from(data, "t/t"))
    assert solved.steps == (r"m = \frac{1}{B} \sum_b z_b", r"m = \frac{4 + 8 + 6 + 10}{4} = 7")


def test_two_things_never_have_one_name() -> None:
    """Attention calls its row sums Z; a problem may call its output so."""
    run = {"name": "o", "operation": "causal_attention", "inputs": {"Q": "Q", "K": "K", "V": "V"}}
    givens = [f"{name} = {written(drawn(3, 2))}" for name in "QKV"]
    part = {"id": "a", "question": "?", "marks": 1, "answer": "Z", "operation": "o"}
    data = {"title": "t", "source": "s", "givens": givens, "operations": [run], "parts": [part]}
    steps = solve(problem_from(data, "t/t"))[0].steps
    formulas = [step.partition("_")[0] for step in steps if r"\sum_j" in step]
    assert formulas == [r"\tilde{Z}", "Z"]
