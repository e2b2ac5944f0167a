"""Output sizes, derived from index maps, against counting the places at which a window fits."""

import itertools
from fractions import Fraction

import pytest
import sympy as sp

from derive import ops
from derive.tensor.index import Index, count_fitting, size


def windows(length, kernel, stride, padding, dilation):
    """How often a window fits into the padded input, by trying one place after the other."""
    count, start = 0, -padding
    while start + dilation * (kernel - 1) < length + padding:
        count, start = count + 1, start + stride
    return count


GRID = [
    (length, kernel, stride, padding, dilation)
    for length, kernel, stride, padding, dilation in itertools.product(
        (5, 6, 7, 11), (1, 2, 3, 5), (1, 2, 3, 4), (0, 1, 2), (1, 2)
    )
    if dilation * (kernel - 1) < length + 2 * padding
]


def at(expression, **values):
    return int(
        sp.sympify(expression).xreplace({s: sp.Integer(values[s.name]) for s in expression.free_symbols})
    )


@pytest.mark.parametrize(
    ("name", "axis", "lengths", "kernels"),
    [
        pytest.param("conv1d", 2, "L", "k", id="1-d convolution"),
        pytest.param("conv2d", 3, "W_in", "k_w", id="width of a 2-d convolution"),
        pytest.param("conv3d", 2, "D_in", "k_d", id="depth of a 3-d convolution"),
        pytest.param("max_pool2d", 2, "H_in", "k", id="max pooling"),
    ],
)
def test_the_output_size_is_how_often_the_window_fits(name, axis, lengths, kernels):
    formula = ops.operation(name).output_shape[axis]
    assert len(GRID) > 300
    for length, kernel, stride, padding, dilation in GRID:
        numbers = {lengths: length, kernels: kernel, "s": stride, "p": padding, "d": dilation}
        assert at(formula, **numbers) == windows(length, kernel, stride, padding, dilation), numbers


def test_a_transposed_convolutions_size_is_undone_by_the_convolution():
    """Dumoulin and Visin, relationship 14: the size of which the convolution makes the input's size."""
    formula = ops.operation("conv_transpose1d").output_shape[2]
    for length, kernel, stride, padding, dilation in GRID:
        if (length + 2 * padding - dilation * (kernel - 1) - 1) % stride:
            continue
        out = windows(length, kernel, stride, padding, dilation)
        numbers = {"L": out, "k": kernel, "s": stride, "p": padding, "d": dilation, "q": 0}
        assert at(formula, **numbers) == length, numbers


def test_a_window_that_may_begin_outside_is_refused():
    i, u = Index("i", size("m")), Index("u", size("k"))
    with pytest.raises(ValueError, match="may be below"):
        count_fitting(2 * i + u - 3, i, sp.Integer(-1), size("n"))


def test_settings_become_numbers():
    fixed = ops.operation("conv2d", stride=2, padding=1, dilation=1)
    assert {one.name for one in fixed.settings} == set()
    assert str(fixed.output_shape[2]) == "floor(H_in/2 - k_h/2) + 2"
    with pytest.raises(ValueError, match="unknown setting 'strides'; did you mean stride"):
        ops.operation("conv2d", strides=2)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        pytest.param("conv2d", {"stride": 0}, "stride = 0: .* a whole number, 1 or more", id="no stride"),
        pytest.param("conv2d", {"stride": Fraction(3, 2)}, "stride = 3/2: .* whole", id="half a stride"),
        pytest.param("avg_pool2d", {"padding": -1}, "padding = -1: .* 0 or more", id="negative padding"),
        pytest.param("elu", {"alpha": -1}, "alpha = -1: .* not negative", id="negative slope"),
        pytest.param("dropout", {"p": 1}, "p = 1: .* less than 1", id="everything dropped"),
        pytest.param("info_nce", {"tau": 0}, "tau = 0 it divides by zero", id="no temperature"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name, settings, message):
    with pytest.raises(ValueError, match=message):
        ops.operation(name, **settings)
