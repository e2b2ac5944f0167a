"""Convolutions against naive loops over every index, against each other, and against PyTorch."""

import itertools
import re
import tracemalloc

import numpy as np
import pytest

from derive import execution
from derive.execution import correlation

SPACES = {1: (11,), 2: (7, 5), 3: (5, 3, 4)}
KERNELS = {1: (3,), 2: (3, 2), 3: (2, 3, 1)}

# stride, padding, dilation (one for all axes or one for each) and groups; most do not divide evenly
SETTINGS = [
    pytest.param({}, id="plain"),
    pytest.param({"stride": 2}, id="stride"),
    pytest.param({"stride": 3, "padding": 1}, id="stride-and-padding"),
    pytest.param({"padding": 2, "dilation": 2}, id="dilation"),
    pytest.param({"stride": 2, "padding": 2, "dilation": 2, "groups": 2}, id="groups"),
    pytest.param({"padding": 4, "groups": 2}, id="more-padding-than-kernel"),
    pytest.param({"stride": "axes", "padding": "axes", "dilation": "axes"}, id="each-axis-its-own"),
]
RANKS = pytest.mark.parametrize("rank", [1, 2, 3])
FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
TOLERANCES = {np.float32: 1e-5, np.float64: 1e-13}


def _settings(settings, rank):
    """With one number for each axis in place of 'axes'."""
    own = {"stride": (2, 1, 3), "padding": (1, 2, 0), "dilation": (1, 3, 1), "output_padding": (1, 0, 2)}
    return {key: own[key][:rank] if value == "axes" else value for key, value in settings.items()}


def _each(value, rank):
    return (value,) * rank if isinstance(value, int) else value


def _places(shape):
    return itertools.product(*map(range, shape))


def _pairs(size, out, kernel, stride=1, padding=0, dilation=1):
    """All (output place, kernel place, input place) that meet inside the input."""
    rank = len(size)
    stride, padding, dilation = (_each(one, rank) for one in (stride, padding, dilation))
    for i in _places(out):
        for u in _places(kernel):
            h = tuple(stride[a] * i[a] + dilation[a] * u[a] - padding[a] for a in range(rank))
            if all(0 <= h[a] < size[a] for a in range(rank)):
                yield i, u, h


def _out(size, kernel, stride=1, padding=0, dilation=1, groups=1):
    """By counting: how many windows begin at 0, stride, 2 stride, ... and end inside the padded input."""
    rank = len(size)
    stride, padding, dilation = (_each(one, rank) for one in (stride, padding, dilation))
    return tuple(
        sum(
            1
            for start in range(0, size[a] + 2 * padding[a], stride[a])
            if start + dilation[a] * (kernel[a] - 1) < size[a] + 2 * padding[a]
        )
        for a in range(rank)
    )


def _naive(x, W, b, upstream, groups=1, **settings):
    """Value and gradients of a convolution, one product at a time."""
    (N, _, *size), (O, read, *kernel) = x.shape, W.shape
    y = np.zeros((N, O, *_out(size, kernel, **settings))) + b.reshape(-1, *[1] * len(size))
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for i, u, h in _pairs(size, y.shape[2:], kernel, **settings):
        for n, o, c in _places((N, O, read)):
            from_ = (n, o // (O // groups) * read + c, *h)
            y[(n, o, *i)] += W[(o, c, *u)] * x[from_]
            dx[from_] += W[(o, c, *u)] * upstream[(n, o, *i)]
            dW[(o, c, *u)] += x[from_] * upstream[(n, o, *i)]
    return y, {"x": dx, "W": dW, "b": upstream.sum(axis=(0, *range(2, upstream.ndim)))}


def _make(rank, groups=1, dtype=np.float64, **settings):
    random = np.random.default_rng(rank)
    N, C, O = 3, 4, 6
    size, kernel = SPACES[rank], KERNELS[rank]
    inputs = {
        "x": random.standard_normal((N, C, *size)),
        "W": random.standard_normal((O, C // groups, *kernel)),
        "b": random.standard_normal(O),
    }
    upstream = random.standard_normal((N, O, *_out(size, kernel, **settings)))
    return {key: value.astype(dtype) for key, value in inputs.items()}, upstream.astype(dtype)


@FLOATS
@pytest.mark.parametrize("settings", SETTINGS)
@RANKS
def test_value_and_gradients_are_those_of_the_naive_loop(rank, settings, dtype, relative_error):
    settings = _settings(settings, rank)
    inputs, upstream = _make(rank, dtype=dtype, **settings)
    value, gradients = _naive(*inputs.values(), upstream, **settings)
    actual = execution.forward(f"conv{rank}d", inputs, **settings)
    assert actual.dtype == dtype
    assert relative_error(actual, value) < TOLERANCES[dtype]
    found = execution.backward(f"conv{rank}d", inputs, upstream, **settings)
    for name, expected in gradients.items():
        assert found[name].dtype == dtype
        assert relative_error(found[name], expected) < TOLERANCES[dtype], name


@pytest.mark.parametrize("images", [1, 2, 5], ids=lambda n: f"{n}-images-at-a-time")
def test_blocks_of_the_batch_change_nothing(images, monkeypatch, relative_error):
    """With 7 images, so that the last block is smaller than the others."""
    random = np.random.default_rng(0)
    inputs = {
        "x": random.standard_normal((7, 4, 5, 3)),
        "W": random.standard_normal((6, 2, 3, 2)),
        "b": np.ones(6),
    }
    settings = {"padding": 1, "groups": 2}
    upstream = random.standard_normal((7, 6, 5, 4))
    value, gradients = _naive(*inputs.values(), upstream, **settings)
    monkeypatch.setattr(correlation, "_BLOCK_BYTES", images * 8 * 4 * 6 * 20)  # C, kernel places, places
    assert relative_error(execution.forward("conv2d", inputs, **settings), value) < 1e-13
    found = execution.backward("conv2d", inputs, upstream, **settings)
    for name, expected in gradients.items():
        assert relative_error(found[name], expected) < 1e-13, name


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d", "conv_transpose2d", "true_convolution2d"])
def test_without_bias(name, make_inputs, make_upstream):
    inputs = make_inputs(name, (2,))
    upstream = make_upstream(name, inputs)
    with_zero = {**inputs, "b": np.zeros(len(inputs["b"]))}
    without = {key: value for key, value in inputs.items() if key != "b"}
    np.testing.assert_array_equal(execution.forward(name, without), execution.forward(name, with_zero))
    gradients = execution.backward(name, without, upstream)
    assert set(gradients) == {"x", "W"}
    for key, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, execution.backward(name, with_zero, upstream)[key])


@pytest.mark.parametrize("lead", [(), (7,), (2, 3)], ids=str)
def test_any_number_of_leading_axes(lead):
    random = np.random.default_rng(1)
    x, W = random.standard_normal((*lead, 2, 5, 7)), random.standard_normal((3, 2, 2, 3))
    value = execution.forward("conv2d", {"x": x, "W": W})
    assert value.shape == (*lead, 3, 4, 5)
    for place in np.ndindex(lead):
        np.testing.assert_allclose(
            value[place], execution.forward("conv2d", {"x": x[place], "W": W}), rtol=1e-13
        )


# --- values by hand ---

RAMP = np.arange(1.0, 17).reshape(1, 1, 4, 4)
CORNERS = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])


@pytest.mark.parametrize(
    ("name", "W", "settings", "expected"),
    [
        # 1*1 + 2*2 + 5*3 + 6*4 = 44; every entry grows by 1 for each step to the right, by 4 for each down
        pytest.param("conv2d", CORNERS, {"stride": 2}, [[44, 64], [124, 144]], id="correlation"),
        # 4*1 + 3*2 + 2*5 + 1*6 = 26
        pytest.param("true_convolution2d", CORNERS, {"stride": 2}, [[26, 46], [106, 126]], id="convolution"),
        # 4*1; 3*3 + 4*4; 2*9 + 4*13; 1*11 + 2*12 + 3*15 + 4*16
        pytest.param("conv2d", CORNERS, {"stride": 3, "padding": 1}, [[4, 25], [70, 144]], id="padding"),
        pytest.param("conv2d", CORNERS, {"dilation": 3}, [[1 + 8 + 39 + 64]], id="dilation"),
        pytest.param("depthwise_conv2d", CORNERS[0], {"stride": 2}, [[44, 64], [124, 144]], id="depthwise"),
        pytest.param("conv1x1", [[10.0]], {}, RAMP[0, 0] * 10, id="1x1"),
    ],
)
def test_value_by_hand(name, W, settings, expected):
    actual = execution.forward(name, {"x": RAMP, "W": W}, **settings)[0, 0]
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # Zhang, Lipton, Li, Smola, "Dive into Deep Learning", section 14.10: kernel [[0, 1], [2, 3]]
        pytest.param({}, [[0, 0, 1], [0, 4, 6], [4, 12, 9]], id="d2l"),
        pytest.param(
            {"stride": 2}, [[0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]], id="d2l-stride"
        ),
        pytest.param({"padding": 1}, [[4]], id="d2l-padding"),
    ],
)
def test_transposed_convolution_by_hand(settings, expected):
    square = np.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    actual = execution.forward("conv_transpose2d", {"x": square, "W": square}, **settings)
    np.testing.assert_array_equal(actual[0, 0], expected)


# --- relations between them ---


@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [(7, 3, 1), (8, 3, 2), (11, 5, 3), (5, 2, 4), (6, 4, 1)]
)
def test_same_padding_keeps_the_ceiling_of_size_over_stride(size, kernel, stride):
    x, W = np.ones((1, 1, size)), np.ones((1, 1, kernel))
    actual = execution.forward("conv1d", {"x": x, "W": W}, stride=stride, padding="same")
    assert actual.shape[-1] == -(-size // stride)


def test_same_padding_puts_the_odd_place_behind():
    actual = execution.forward("conv1d", {"x": [[[1.0, 2, 3]]], "W": [[[10.0, 1.0]]]}, padding="same")
    assert actual.tolist() == [[[12, 23, 30]]]
    valid = execution.forward("conv1d", {"x": [[[1.0, 2, 3]]], "W": [[[10.0, 1.0]]]}, padding="valid")
    assert valid.tolist() == [[[12, 23]]]


@pytest.mark.parametrize("settings", SETTINGS[:-1])
@RANKS
def test_the_transposed_convolution_is_the_adjoint(rank, settings, relative_error):
    """sum(conv(x) y) = sum(x transposed(y)), with output padding for the places that no window reaches."""
    inputs, y = _make(rank, **settings)
    x, W = inputs["x"], inputs["W"]
    value = execution.forward(f"conv{rank}d", {"x": x, "W": W}, **settings)
    defaults = {"stride": 1, "padding": 0, "dilation": 1}
    stride, padding, dilation = ({**defaults, **settings}[key] for key in defaults)
    unreached = tuple(
        (size + 2 * padding - dilation * (k - 1) - 1) % stride
        for size, k in zip(SPACES[rank], KERNELS[rank], strict=True)
    )
    back = execution.forward(f"conv_transpose{rank}d", {"x": y, "W": W}, output_padding=unreached, **settings)
    assert relative_error((back * x).sum(), (value * y).sum()) < 1e-12


def test_true_convolution_is_correlation_with_the_kernel_turned(make_inputs, make_upstream):
    inputs = make_inputs("true_convolution2d", (2,))
    turned = {**inputs, "W": inputs["W"][..., ::-1, ::-1]}
    upstream = make_upstream("true_convolution2d", inputs)
    np.testing.assert_allclose(
        execution.forward("true_convolution2d", inputs), execution.forward("conv2d", turned), rtol=1e-14
    )
    flipped, plain = (
        execution.backward(name, given, upstream)["W"]
        for name, given in (("true_convolution2d", inputs), ("conv2d", turned))
    )
    np.testing.assert_allclose(flipped[..., ::-1, ::-1], plain, rtol=1e-14)


@pytest.mark.parametrize("name", ["grouped_conv2d", "depthwise_conv2d", "conv1x1"])
def test_special_cases_of_groups(name, make_inputs, make_upstream):
    inputs = make_inputs(name, (7,))
    x, W, b = inputs.values()
    upstream = make_upstream(name, inputs)
    as_conv2d = {
        "grouped_conv2d": (x.reshape(7, -1, *x.shape[-2:]), W.reshape(-1, *W.shape[2:]), len(W)),
        "depthwise_conv2d": (x, W[:, None], len(W)),
        "conv1x1": (x, W[:, :, None, None], 1),
    }
    x2, W2, groups = as_conv2d[name]
    general = {"x": x2, "W": W2, "b": b.ravel()}
    value = execution.forward("conv2d", general, groups=groups)
    np.testing.assert_allclose(execution.forward(name, inputs), value.reshape(upstream.shape), rtol=1e-14)
    gradients = execution.backward("conv2d", general, upstream.reshape(value.shape), groups=groups)
    for key, gradient in execution.backward(name, inputs, upstream).items():
        np.testing.assert_allclose(
            gradient, gradients[key].reshape(inputs[key].shape), rtol=1e-13, atol=1e-15
        )


# --- PyTorch ---


TRANSPOSED = [
    pytest.param({}, id="plain"),
    pytest.param({"stride": 2, "output_padding": 1}, id="stride"),
    pytest.param({"stride": 3, "padding": 1, "output_padding": 2}, id="stride-and-padding"),
    pytest.param({"padding": 1, "dilation": 3, "output_padding": 2}, id="dilation"),
    pytest.param({"stride": 2, "padding": 2, "dilation": 2, "groups": 2}, id="groups"),
    pytest.param(
        {"stride": "axes", "padding": "axes", "dilation": "axes", "output_padding": "axes"}, id="axes"
    ),
]


@pytest.mark.parametrize(
    ("name", "settings"),
    [pytest.param("conv", *one.values, id=f"convolution-{one.id}") for one in SETTINGS]
    + [pytest.param("conv_transpose", *one.values, id=f"transposed-{one.id}") for one in TRANSPOSED],
)
@RANKS
def test_value_and_gradients_are_those_of_torch(rank, name, settings, relative_error):
    torch = pytest.importorskip("torch")
    settings = _settings(settings, rank)
    random = np.random.default_rng(rank)
    inputs = {
        "x": random.standard_normal((2, 6, *SPACES[rank])),
        "W": random.standard_normal((6, 6 // settings.get("groups", 1), *KERNELS[rank])),
        "b": random.standard_normal(6),
    }
    if name == "conv_transpose" and "groups" in settings:  # input and output channels should differ
        inputs |= {"W": inputs["W"][:, :2], "b": inputs["b"][:4]}
    name = f"{name}{rank}d"
    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in inputs.items()}
    result = getattr(torch.nn.functional, name)(tensors["x"], tensors["W"], tensors["b"], **settings)
    upstream = random.standard_normal(tuple(result.shape))
    result.backward(torch.tensor(upstream))
    assert relative_error(execution.forward(name, inputs, **settings), result.detach().numpy()) < 1e-13
    for key, gradient in execution.backward(name, inputs, upstream, **settings).items():
        assert relative_error(gradient, tensors[key].grad.numpy()) < 1e-12, key


# --- memory ---


@pytest.mark.parametrize(
    ("N", "C", "H", "O", "k", "stride"),
    [
        pytest.param(13, 16, 29, 16, 3, 1, id="3x3"),
        pytest.param(13, 3, 61, 16, 7, 2, id="7x7-stride-2"),
        pytest.param(53, 64, 29, 16, 1, 1, id="1x1"),
    ],
)
def test_working_memory_is_input_output_and_the_windows_of_one_image(N, C, H, O, k, stride):
    random = np.random.default_rng(0)
    inputs = {"x": random.standard_normal((N, C, H, H)), "W": random.standard_normal((O, C, k, k))}
    settings = {"stride": stride, "padding": k // 2}
    upstream = np.ones_like(execution.forward("conv2d", inputs, **settings))
    one_image = 8 * C * k * k * upstream[0, 0].size
    bound = inputs["x"].nbytes + upstream.nbytes + max(one_image, correlation._BLOCK_BYTES) + 2**18
    for run in (
        lambda: execution.forward("conv2d", inputs, **settings),
        lambda: execution.backward("conv2d", inputs, upstream, **settings),
    ):
        tracemalloc.start()
        run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < bound


# --- messages ---

IMAGE = np.ones((2, 6, 8, 8))


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "message"),
    [
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 9, 11))},
            {"padding": 1},
            "conv2d: the kernel 9x11 is larger than the input 8x8, padded 10x10; padding of at least 2",
            id="kernel",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 5))},
            {"dilation": 3},
            "conv2d: the kernel 3x5, which with dilation 3 covers 7x13, is larger than the input 8x8; "
            "padding of at least 3 would fit it",
            id="dilated-kernel",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 3, 3, 3))},
            {"groups": 4},
            "conv2d: groups = 4 does not divide the 6 input channels; with 6 input and 4 output channels "
            "groups may be 1, 2",
            id="groups-of-the-input",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 2, 3, 3))},
            {"groups": 3},
            "conv2d: groups = 3 does not divide the 4 output channels",
            id="groups-of-the-output",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 3, 3, 3))},
            {},
            "conv2d: W reads 3 channels and x has 6, in 1 group; W must read 6, or groups be 2",
            id="channels",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 3)), "b": np.ones(6)},
            {},
            "conv2d: b is of size 6 and needs W to end in 6x6x3x3; W ends in 4x6x3x3",
            id="bias",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 3))},
            {"stride": 0},
            "conv2d: stride must be at least 1; it is 0",
            id="stride",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 3))},
            {"padding": (1, 2, 3)},
            "conv2d: padding must be one number or 2, one for each axis; it is (1, 2, 3)",
            id="axes",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 3))},
            {"padding": "full"},
            "conv2d: padding must be a whole number or one for each axis, or 'valid', or 'same'; it is 'full",
            id="word",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE, "W": np.ones((4, 6, 3, 3))},
            {"stride": 1.5},
            "conv2d: stride must be a whole number or one for each axis; it is 1.5",
            id="half",
        ),
        pytest.param(
            "conv2d",
            {"x": IMAGE.astype(np.float16), "W": np.ones((4, 6, 3, 3))},
            {},
            "conv2d: x has the type float16; float32 and float64 are executed",
            id="float16",
        ),
        pytest.param(
            "conv2d",
            {"x": np.full((1, 2, 3, 3), 1e30, np.float32), "W": np.full((1, 2, 2, 2), 1e20, np.float32)},
            {},
            "a sum of products overflows float32 (largest number 3.4e+38): the largest factors are 1e+30 "
            "and 1e+20; float64 holds more",
            id="overflow",
        ),
        pytest.param(
            "conv_transpose2d",
            {"x": IMAGE, "W": np.ones((6, 4, 3, 3))},
            {"padding": 5},
            "conv_transpose2d: nothing is left: 8 places reach 10, and padding 5 takes 10 away; padding of "
            "at most 4 fits",
            id="transposed-padding",
        ),
        pytest.param(
            "conv_transpose2d",
            {"x": IMAGE, "W": np.ones((6, 4, 3, 3))},
            {"groups": 4},
            "conv_transpose2d: groups = 4 does not divide the 6 input channels; groups may be 1, 2, 3, 6",
            id="transposed-groups",
        ),
        pytest.param(
            "conv_transpose2d",
            {"x": IMAGE, "W": np.ones((6, 4, 3, 3)), "b": np.ones(4)},
            {"groups": 2},
            "conv_transpose2d: O is 4 in b; it must be 8",
            id="transposed-bias",
        ),
    ],
)
def test_a_wrong_call_is_told_what_would_work(name, inputs, settings, message):
    with pytest.raises(execution.ExecutionError, match=re.escape(message)):
        execution.forward(name, inputs, **settings)


def test_the_padding_that_a_message_names_fits():
    inputs = {"x": IMAGE, "W": np.ones((4, 6, 3, 5))}
    assert execution.forward("conv2d", inputs, dilation=3, padding=3).shape == (2, 4, 8, 2)
    with pytest.raises(execution.ExecutionError):
        execution.forward("conv2d", inputs, dilation=3, padding=2)
