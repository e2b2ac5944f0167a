"""Forward values against naive loops over Python floats, written from the definition, and by hand."""

import math

import numpy as np
import pytest

from derive import execution
from derive.execution.special import erf, erfc

BATCHES = [(), (7,), (2, 11)]


def _softmax(x):
    total = sum(math.exp(v) for v in x)
    return [math.exp(v) / total for v in x]


def _gelu_tanh(v):
    return v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))


def _matvec(A, x):
    return [sum(A[i][j] * x[j] for j in range(len(x))) for i in range(len(A))]


def _squares(yhat, y):
    return sum((a - b) ** 2 for a, b in zip(yhat, y, strict=True))


def _bce(p, y):
    return -sum(t * math.log(q) + (1 - t) * math.log(1 - q) for q, t in zip(p, y, strict=True))


def _standardise(row, eps=1e-5):
    mean = sum(row) / len(row)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in row) / len(row) + eps)
    return [(v - mean) / deviation for v in row]


def _scaled(rows, gamma, beta):
    return [[s * v + t for v, s, t in zip(row, gamma, beta, strict=True)] for row in rows]


def _columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def _batch_norm_eval(x, gamma, beta, mu, v):
    return [
        s * (a - m) / math.sqrt(w + 1e-5) + t for a, s, t, m, w in zip(x, gamma, beta, mu, v, strict=True)
    ]


def _rms_norm(x, gamma):
    root = math.sqrt(sum(v * v for v in x) / len(x) + 1e-5)
    return [s * v / root for v, s in zip(x, gamma, strict=True)]


def _attention(Q, K, V, root):
    scores = [[sum(a * b for a, b in zip(q, k, strict=True)) / root for k in K] for q in Q]
    return [
        [sum(w * v for w, v in zip(_softmax(row), c, strict=True)) for c in _columns(V)] for row in scores
    ]


def _huber(yhat, y):
    gaps = [abs(a - b) for a, b in zip(yhat, y, strict=True)]
    return sum(u * u / 2 if u <= 1 else u - 1 / 2 for u in gaps)


def _cross_entropy(z, y):
    return -sum(t * math.log(s) for s, t in zip(_softmax(z), y, strict=True))


def _focal(p, y):
    chances = [a if t == 1 else 1 - a for a, t in zip(p, y, strict=True)]
    return -sum((1 - q) ** 2 * math.log(q) for q in chances)


def _logistic(v):
    return 1 / (1 + math.exp(-v))


def _mixed(W, x, U, h, b):
    sums = zip(_matvec(W, x), _matvec(U, h), b, strict=True)
    return [p + q + r for p, q, r in sums]


def _lstm(x, h, c, W_i, U_i, b_i, W_f, U_f, b_f, W_o, U_o, b_o, W_u, U_u, b_u):
    gates = ((W_i, U_i, b_i), (W_f, U_f, b_f), (W_o, U_o, b_o), (W_u, U_u, b_u))
    rows = zip(c, *(_mixed(W, x, U, h, b) for W, U, b in gates), strict=True)
    return [
        _logistic(o) * math.tanh(_logistic(f) * m + _logistic(i) * math.tanh(u)) for m, i, f, o, u in rows
    ]


def _gru(x, h, W_r, U_r, b_r, W_s, U_s, b_s, U_u, a_u, W_u, b_u):
    from_h, from_x = _matvec(U_u, h), _matvec(W_u, x)
    result = []
    for k, (r, s) in enumerate(zip(_mixed(W_r, x, U_r, h, b_r), _mixed(W_s, x, U_s, h, b_s), strict=True)):
        u = math.tanh(from_x[k] + b_u[k] + _logistic(r) * (from_h[k] + a_u[k]))
        result.append((1 - _logistic(s)) * u + _logistic(s) * h[k])
    return result


ELEMENTWISE = {
    "identity": lambda v: v,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "tanh": lambda v: (math.exp(v) - math.exp(-v)) / (math.exp(v) + math.exp(-v)),
    "relu": lambda v: v if v > 0 else 0.0,
    "leaky_relu": lambda v: v if v > 0 else 0.01 * v,
    "elu": lambda v: v if v > 0 else math.exp(v) - 1,
    "softplus": lambda v: math.log(1 + math.exp(v)),
    "silu": lambda v: v / (1 + math.exp(-v)),
    "gelu": lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2,
    "gelu_tanh": _gelu_tanh,
}

# For one batch entry, inputs as nested lists.
NAIVE = {
    **{name: lambda x, f=f: f(x) for name, f in ELEMENTWISE.items()},
    "softmax": _softmax,
    "log_softmax": lambda x: [math.log(s) for s in _softmax(x)],
    "log_sum_exp": lambda x: math.log(sum(math.exp(v) for v in x)),
    "matvec": _matvec,
    "linear": lambda x, W, b: [v + b[i] for i, v in enumerate(_matvec(W, x))],
    "quadratic_form": lambda x, A: sum(x[i] * A[i][j] * x[j] for i in range(len(x)) for j in range(len(x))),
    "batch_norm": lambda x, gamma, beta: _scaled(
        _columns([_standardise(column) for column in _columns(x)]), gamma, beta
    ),
    "batch_norm_eval": _batch_norm_eval,
    "layer_norm": lambda x, gamma, beta: _scaled([_standardise(x)], gamma, beta)[0],
    "rms_norm": _rms_norm,
    "attention": lambda Q, K, V: _attention(Q, K, V, math.sqrt(len(Q[0]))),
    "dot_product_attention": lambda Q, K, V: _attention(Q, K, V, 1),
    "l1_penalty": lambda w: 0.01 * sum(abs(v) for v in w),
    "l2_penalty": lambda w: 0.005 * sum(v * v for v in w),
    "dropout": lambda x, m: 2 * x if m else 0.0,
    "residual_sum": lambda x, f: x + f,
    "product": lambda x, f: x * f,
    "rnn_cell": lambda x, h, W_xh, W_hh, b: [math.tanh(v) for v in _mixed(W_xh, x, W_hh, h, b)],
    "lstm_cell": _lstm,
    "gru_cell": _gru,
    "squared_error": _squares,
    "mean_squared_error": lambda yhat, y: _squares(yhat, y) / len(y),
    "half_squared_error": lambda yhat, y: _squares(yhat, y) / 2,
    "half_mean_squared_error": lambda yhat, y: _squares(yhat, y) / len(y) / 2,
    "binary_cross_entropy": _bce,
    "binary_cross_entropy_logits": lambda z, y: _bce([1 / (1 + math.exp(-v)) for v in z], y),
    "cross_entropy": _cross_entropy,
    "absolute_error": lambda yhat, y: sum(abs(a - b) for a, b in zip(yhat, y, strict=True)),
    "mean_absolute_error": lambda yhat, y: sum(abs(a - b) for a, b in zip(yhat, y, strict=True)) / len(y),
    "huber": _huber,
    "hinge": lambda z, y: sum(max(0, 1 - a * t) for a, t in zip(z, y, strict=True)),
    "multiclass_hinge": lambda z, c: sum(max(0, 1 + a - z[c]) for j, a in enumerate(z) if j != c),
    "label_smoothing": lambda z, y: _cross_entropy(z, [0.9 * t + 0.1 / len(y) for t in y]),
    "label_smoothing_others": lambda z, y: _cross_entropy(
        z, [0.9 * t + 0.1 * (1 - t) / (len(y) - 1) for t in y]
    ),
    "kl_divergence": lambda p, q: sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)),
    "focal": _focal,
    "cross_entropy_index": lambda z, c: -math.log(_softmax(z)[c]),
}


def _entry(operation, inputs, place):
    """The inputs of one batch entry, as Python numbers."""
    axes = operation.signature.inputs
    return {k: a[place].tolist() if axes[k].batched else a.tolist() for k, a in inputs.items()}


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("name", NAIVE)
def test_value_is_that_of_the_naive_loop(name, batch, make_inputs, relative_error):
    operation = execution.find(name)
    inputs = make_inputs(name, batch)
    expected = np.array([NAIVE[name](**_entry(operation, inputs, place)) for place in np.ndindex(batch)])
    actual = execution.forward(name, inputs)
    assert relative_error(actual.reshape(expected.shape), expected) < 1e-13
    assert actual.shape[: len(batch)] == batch


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "expected"),
    [
        pytest.param(
            "softmax", {"x": [math.log(1), math.log(2), math.log(5)]}, {}, [1 / 8, 2 / 8, 5 / 8], id="softmax"
        ),
        pytest.param("log_sum_exp", {"x": [1000.0, 1000.0]}, {}, 1000 + math.log(2), id="log_sum_exp"),
        pytest.param("leaky_relu", {"x": [-2.0, 3.0]}, {"alpha": 0.2}, [-0.4, 3], id="leaky_relu-alpha"),
        pytest.param("elu", {"x": [-math.log(2), 3.0]}, {"alpha": 4}, [-2, 3], id="elu-alpha"),
        pytest.param("softplus", {"x": [0.0]}, {}, [math.log(2)], id="softplus"),
        pytest.param(
            "linear", {"x": [[1, 2], [3, 4]], "W": [[1, -1]], "b": [10]}, {}, [[9], [9]], id="linear"
        ),
        pytest.param(
            "quadratic_form", {"x": [1, 2], "A": [[1, 5], [0, 2]]}, {}, 1 + 10 + 8, id="quadratic_form"
        ),
        pytest.param(  # mean 2, variance 1 in the first column; both rows alike in the second
            "batch_norm",
            {"x": [[1, 7], [3, 7]], "gamma": [2, 2], "beta": [5, 6]},
            {"eps": 3},
            [[4, 6], [6, 6]],
            id="batch_norm",
        ),
        pytest.param(
            "layer_norm", {"x": [1, 3], "gamma": [2, 4], "beta": [0, 1]}, {"eps": 3}, [-1, 3], id="layer_norm"
        ),
        pytest.param("rms_norm", {"x": [1, 7], "gamma": [6, 6]}, {"eps": 11}, [1, 7], id="rms_norm"),
        pytest.param(  # scores 0 and log 3: weights 1/4 and 3/4
            "attention",
            {"Q": [[2 * math.log(3), 0, 0, 0]], "K": [[0] * 4, [1, 0, 0, 0]], "V": [[4.0], [8.0]]},
            {},
            [[7]],
            id="attention",
        ),
        pytest.param("mean_squared_error", {"yhat": [1, 2], "y": [3, 5]}, {}, 6.5, id="mean_squared_error"),
        pytest.param("binary_cross_entropy", {"p": [0.25], "y": [1]}, {}, math.log(4), id="bce"),
        pytest.param(
            "binary_cross_entropy", {"p": [0.0, 1.0], "y": [0, 1]}, {}, 0, id="bce-certain-and-right"
        ),
        pytest.param(
            "binary_cross_entropy", {"p": [0.0], "y": [1]}, {}, math.inf, id="bce-certain-and-wrong"
        ),
        pytest.param("dropout", {"x": [3, 4], "m": [1, 0]}, {"p": 0.25}, [4, 0], id="dropout"),
        pytest.param("l1_penalty", {"w": [3, -4]}, {"alpha": 2}, 14, id="l1_penalty"),
        pytest.param("l2_penalty", {"w": [3, -4]}, {"alpha": 2}, 25, id="l2_penalty"),
        pytest.param("huber", {"yhat": [1, 9], "y": [3, 3]}, {"delta": 4}, 2 + 4 * (6 - 2), id="huber"),
        pytest.param("hinge", {"z": [0.5, 2.0, -1], "y": [1, 1, 1]}, {}, 0.5 + 0 + 2, id="hinge"),
        # CS231n, notes on linear classification: scores 13, -7, 11, the first right, a margin of 10 (here 1)
        pytest.param("multiclass_hinge", {"z": [1.3, -0.7, 1.1], "c": 0}, {}, 0.8, id="multiclass_hinge"),
        pytest.param("kl_divergence", {"p": [0, 1], "q": [0.5, 0.5]}, {}, math.log(2), id="kl-zero"),
        pytest.param("kl_divergence", {"p": [0.5, 0.5], "q": [0.0, 1]}, {}, math.inf, id="kl-infinite"),
        pytest.param("focal", {"p": [0.25], "y": [1]}, {"gamma": 3}, 27 / 64 * math.log(4), id="focal"),
        pytest.param(
            "label_smoothing_others",
            {"z": [0, math.log(3)], "y": [0, 1]},
            {"eps": 0.2},
            0.2 * math.log(4) + 0.8 * math.log(4 / 3),
            id="label_smoothing_others",
        ),
        pytest.param("cross_entropy", {"z": [0, 0], "y": [3, 1]}, {}, 4 * math.log(2), id="weights-sum-to-4"),
        pytest.param(
            "cross_entropy_index",
            {"z": [[0, math.log(3)]] * 2, "c": [0, 1]},
            {},
            [math.log(4), math.log(4 / 3)],
            id="cross_entropy_index",
        ),
    ],
)
def test_value_by_hand(name, inputs, settings, expected):
    np.testing.assert_allclose(execution.forward(name, inputs, **settings), expected, rtol=1e-14, atol=1e-15)


def test_erf_and_erfc_are_those_of_the_standard_library():
    x = np.concatenate([np.linspace(-7, 26.5, 100_003), [0.46875, -0.46875, 4.0, -4.0, 0.0, 1e-300]])
    np.testing.assert_allclose(erf(x), [math.erf(v) for v in x], rtol=1e-15)
    np.testing.assert_allclose(erfc(x), [math.erfc(v) for v in x], rtol=2e-15)


def test_erf_at_infinity():
    ends = np.array([np.inf, -np.inf, 1e308, -1e308])
    assert erf(ends).tolist() == [1, -1, 1, -1]
    assert erfc(ends).tolist() == [0, 2, 0, 2]
    assert np.isnan(erf(np.array(np.nan)))


@pytest.mark.parametrize("name", execution.names())
def test_float32_stays_float32(name, make_inputs, relative_error):
    single = execution.forward(name, make_inputs(name, (7,), np.float32))
    double = execution.forward(name, make_inputs(name, (7,), np.float64))
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    assert relative_error(single, double) < 1e-5


@pytest.mark.parametrize("name", [n for n in execution.names() if execution.find(n).analytic])
def test_complex_input_continues_the_real_function(name, make_inputs, relative_error):
    inputs = make_inputs(name, (2, 7))
    names = execution.find(name).differentiable
    lifted = {key: a.astype(complex) if key in names else a for key, a in inputs.items()}
    actual = execution.forward(name, lifted)
    assert actual.dtype == np.complex128
    assert relative_error(actual, execution.forward(name, inputs)) < 1e-13


@pytest.mark.parametrize("name", execution.names())
def test_inputs_are_not_changed_nor_returned(name, make_inputs, make_upstream):
    inputs = make_inputs(name, (7,))
    kept = {key: a.copy() for key, a in inputs.items()}
    upstream = make_upstream(name, inputs)
    results = [execution.forward(name, inputs), *execution.backward(name, inputs, upstream).values()]
    for result in results:
        result += 1
    assert all(np.array_equal(inputs[key], kept[key]) for key in inputs)


@pytest.mark.parametrize("name", execution.names())
def test_an_empty_batch_is_no_fault(name, make_inputs):
    inputs = make_inputs(name, (0,))
    result = execution.forward(name, inputs)
    assert result.shape[0] == 0
    gradients = execution.backward(name, inputs, result)
    assert {key: g.shape for key, g in gradients.items()} == {
        key: inputs[key].shape for key in execution.find(name).differentiable
    }
