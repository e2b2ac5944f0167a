"""Pooling against naive loops over every window, by hand, and against PyTorch."""

import itertools
import math
import re

import numpy as np
import pytest

from derive import execution

SPACES = {1: (11,), 2: (7, 6), 3: (5, 6, 4)}
RANKS = pytest.mark.parametrize("rank", [1, 2, 3])

SETTINGS = [
    pytest.param({"kernel": 2}, id="side-by-side"),
    pytest.param({"kernel": 3, "stride": 2}, id="overlapping"),
    pytest.param({"kernel": 3, "stride": 2, "padding": 1}, id="padding"),
    pytest.param({"kernel": 2, "stride": 3}, id="gaps"),
    pytest.param({"kernel": 3, "stride": 2, "ceil_mode": True}, id="ceil"),
    pytest.param({"kernel": 3, "stride": 3, "padding": 1, "ceil_mode": True}, id="ceil-and-padding"),
    pytest.param({"kernel": 2, "stride": 3, "padding": 1, "ceil_mode": True}, id="ceil-beyond-the-end"),
    pytest.param({"kernel": "axes", "stride": "axes", "padding": "axes"}, id="each-axis-its-own"),
]
MAX_SETTINGS = [
    *SETTINGS,
    pytest.param({"kernel": 2, "stride": 1, "dilation": 3}, id="dilation"),
    pytest.param(
        {"kernel": 2, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}, id="dilation-ceil"
    ),
]
KINDS = [
    *(pytest.param("max_pool", *one.values, id=f"max-{one.id}") for one in MAX_SETTINGS),
    *(pytest.param("avg_pool", *one.values, id=f"mean-{one.id}") for one in SETTINGS),
    *(
        pytest.param("avg_pool", {**one.values[0], "count_include_pad": False}, id=f"mean-inside-{one.id}")
        for one in SETTINGS
    ),
]


def _settings(settings, rank):
    own = {"kernel": (2, 3, 1), "stride": (3, 1, 2), "padding": (1, 1, 0)}
    return {key: own[key][:rank] if value == "axes" else value for key, value in settings.items()}


def _each(value, rank):
    return (value,) * rank if isinstance(value, int) else value


def _windows(size, kernel, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Along one axis, for each window: the places in the input it holds and how many with padding counted."""
    stride = stride or kernel
    span = dilation * (kernel - 1) + 1
    start, windows = -padding, []
    while start + span <= size + padding or (ceil_mode and start + span - stride < size + padding):
        if start >= size:  # a last window must begin in the input or before it
            break
        places = [start + dilation * u for u in range(kernel)]
        windows.append(([h for h in places if 0 <= h < size], sum(h < size + padding for h in places)))
        start += stride
    return windows


def _naive(name, x, upstream_of, count_include_pad=True, **settings):
    """Value and gradient, one window at a time; `upstream_of` makes an upstream for a shape."""
    size = x.shape[2:]
    rank = len(size)
    axes = [_windows(size[a], **{key: _each(v, rank)[a] for key, v in settings.items()}) for a in range(rank)]
    y = np.zeros((*x.shape[:2], *map(len, axes)))
    upstream, dx = upstream_of(y.shape), np.zeros(x.shape)
    for n, c in itertools.product(*map(range, x.shape[:2])):
        for out in itertools.product(*(range(len(axis)) for axis in axes)):
            held = [axes[a][i] for a, i in enumerate(out)]
            places = [(n, c, *place) for place in itertools.product(*(one[0] for one in held))]
            if name == "max_pool":
                winner = max(places, key=lambda place: x[place])  # the first of equal ones, in row order
                y[(n, c, *out)] = x[winner]
                dx[winner] += upstream[(n, c, *out)]
            else:
                count = math.prod(one[1] for one in held) if count_include_pad else len(places)
                y[(n, c, *out)] = sum(x[place] for place in places) / count
                for place in places:
                    dx[place] += upstream[(n, c, *out)] / count
    return y, upstream, dx


def _image(rank, dtype=np.float64):
    """Few values, so that there are many ties."""
    return np.random.default_rng(rank).integers(-4, 5, (2, 3, *SPACES[rank])).astype(dtype)


def _upstream(shape):
    return np.random.default_rng(1).integers(-9, 10, shape).astype(float)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), KINDS)
@RANKS
def test_value_and_gradient_are_those_of_the_naive_loop(rank, name, settings, dtype, relative_error):
    settings = _settings(settings, rank)
    value, upstream, gradient = _naive(name, _image(rank), _upstream, **settings)
    inputs = {"x": _image(rank, dtype)}
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert relative_error(execution.forward(f"{name}{rank}d", inputs, **settings), value) < tolerance
    found = execution.backward(f"{name}{rank}d", inputs, upstream, **settings)["x"]
    assert found.dtype == dtype
    assert relative_error(found, gradient) < tolerance


def _check_torch(name, call, inputs, settings, relative_error):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(inputs["x"], requires_grad=True)
    result = call(torch.nn.functional)(tensor)
    upstream = _upstream(tuple(result.shape))
    result.backward(torch.tensor(upstream))
    value = execution.forward(name, inputs, **settings)
    assert relative_error(value, result.detach().numpy().reshape(value.shape)) < 1e-13
    gradient = execution.backward(name, inputs, upstream.reshape(value.shape), **settings)["x"]
    assert relative_error(gradient, tensor.grad.numpy()) < 1e-13


@pytest.mark.parametrize(("name", "settings"), KINDS)
@RANKS
def test_value_and_gradient_are_those_of_torch(rank, name, settings, relative_error):
    settings = _settings(settings, rank)
    theirs = {"kernel_size": settings["kernel"], **{k: v for k, v in settings.items() if k != "kernel"}}

    def call(functional):
        return lambda x: getattr(functional, f"{name}{rank}d")(x, **theirs)

    _check_torch(f"{name}{rank}d", call, {"x": _image(rank)}, settings, relative_error)


@pytest.mark.parametrize("out", [1, 2, 3, 5, 9], ids=lambda n: f"to-{n}")
@pytest.mark.parametrize("kind", ["avg", "max"])
@RANKS
def test_adaptive_pooling_is_that_of_torch(rank, kind, out, relative_error):
    """Also to more places than there are: windows then repeat."""
    name = f"adaptive_{kind}_pool{rank}d"
    letters = {1: "L", 2: "HW", 3: "DHW"}[rank]
    settings = {f"{axis}_out": out + place for place, axis in enumerate(letters)}

    def call(functional):
        return lambda x: getattr(functional, name)(x, tuple(settings.values()))

    _check_torch(name, call, {"x": _image(rank)}, settings, relative_error)


@pytest.mark.parametrize("kind", ["avg", "max"])
@RANKS
def test_global_pooling_is_one_window_over_everything(rank, kind, relative_error):
    x = _image(rank)
    flat = x.reshape(2, 3, -1)
    upstream = np.array([[1.0, 2, 3], [4, 5, 6]])
    value = execution.forward(f"global_{kind}_pool{rank}d", {"x": x})
    gradient = execution.backward(f"global_{kind}_pool{rank}d", {"x": x}, upstream)["x"].reshape(flat.shape)
    if kind == "avg":
        assert relative_error(value, flat.sum(-1) / flat.shape[-1]) < 1e-14
        assert (
            relative_error(gradient, np.repeat(upstream[..., None] / flat.shape[-1], flat.shape[-1], -1))
            < 1e-14
        )
    else:
        assert value.tolist() == flat.max(-1).tolist()
        assert gradient.sum(-1).tolist() == upstream.tolist()
        first = [[row.tolist().index(row.max()) for row in image] for image in flat]
        assert gradient.argmax(-1).tolist() == first


@RANKS
def test_the_mean_inside_is_the_mean_without_padding_counted(rank):
    settings = {"kernel": 3, "stride": 2, "padding": 1}
    inside = execution.forward(f"avg_pool{rank}d_inside", {"x": _image(rank)}, **settings)
    plain = execution.forward(f"avg_pool{rank}d", {"x": _image(rank)}, count_include_pad=False, **settings)
    np.testing.assert_array_equal(inside, plain)


# --- by hand ---

SQUARE = np.array([[[1.0, 3, 2], [3, 0, 3], [2, 3, 1]]])


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        pytest.param("max_pool2d", {"stride": 1}, [[3, 3], [3, 3]], id="max"),
        pytest.param("max_pool2d", {"padding": 1}, [[1, 3], [3, 3]], id="max-padded"),
        pytest.param("avg_pool2d", {"stride": 1}, [[7 / 4, 2], [2, 7 / 4]], id="mean"),
        pytest.param("avg_pool2d", {"padding": 1}, [[1 / 4, 5 / 4], [5 / 4, 7 / 4]], id="mean-padded"),
        pytest.param(
            "avg_pool2d",
            {"padding": 1, "count_include_pad": False},
            [[1, 5 / 2], [5 / 2, 7 / 4]],
            id="mean-inside",
        ),
        pytest.param("avg_pool2d", {"ceil_mode": True}, [[7 / 4, 5 / 2], [5 / 2, 1]], id="mean-ceil"),
        pytest.param("adaptive_avg_pool2d", {}, [[7 / 4, 2], [2, 7 / 4]], id="adaptive"),
    ],
)
def test_value_by_hand(name, settings, expected):
    np.testing.assert_array_equal(execution.forward(name, {"x": SQUARE}, **settings)[0], expected)


def test_the_first_of_equal_entries_in_row_order_gets_the_gradient():
    upstream = np.array([[[1.0, 20], [300, 4000]]])
    gradient = execution.backward("max_pool2d", {"x": SQUARE}, upstream, stride=1)["x"]
    # 3 stands at (0, 1) for both upper windows, at (1, 0) for the lower left, at (1, 2) for the lower right
    assert gradient[0].tolist() == [[0, 21, 0], [300, 0, 4000], [0, 0, 0]]


def test_padding_never_wins():
    x = np.full((1, 3, 3), -7.0)
    assert execution.forward("max_pool2d", {"x": x}, padding=1)[0].tolist() == [[-7, -7], [-7, -7]]


def test_infinities_are_pooled_like_numbers():
    x = np.array([[-np.inf, -np.inf, np.inf, 1.0]])
    assert execution.forward("max_pool1d", {"x": x}).tolist() == [[-np.inf, np.inf]]
    assert execution.backward("max_pool1d", {"x": x}, [[2.0, 3.0]])["x"].tolist() == [[2, 0, 3, 0]]


# --- messages ---


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        pytest.param(
            "max_pool2d",
            {"kernel": (2, 4)},
            "max_pool2d: the kernel 2x4 is larger than the input 3x3; padding of at least 1 would fit it",
            id="kernel",
        ),
        pytest.param(
            "avg_pool2d",
            {"kernel": 2, "padding": 2},
            "avg_pool2d: with padding 2 a window of kernel 2 over 3 places holds nothing but padding; "
            "padding of at most 1 fits this kernel",
            id="padding-only",
        ),
        pytest.param(
            "max_pool2d",
            {"ceil_mode": 1},
            "max_pool2d: ceil_mode must be True or False; it is 1",
            id="yes-or-no",
        ),
        pytest.param(
            "adaptive_avg_pool2d",
            {"H_out": 0},
            "adaptive_avg_pool2d: H_out must be at least 1; it is 0",
            id="no-output",
        ),
        pytest.param(
            "max_pool2d", {"kernel": 0}, "max_pool2d: kernel must be at least 1; it is 0", id="no-kernel"
        ),
        pytest.param(
            "max_pool2d",
            {"padding": "same"},
            "max_pool2d: padding must be a whole number or one for each axis; it is 'same'",
            id="word",
        ),
    ],
)
def test_a_wrong_call_is_told_what_would_work(name, settings, message):
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.forward(name, {"x": SQUARE}, **settings)
