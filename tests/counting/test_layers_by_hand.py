"""Layers whose counts are worked by hand: unequal windows, learned factors, the backward pass of cells."""

import pytest

from derive.counting.backward import count_backward
from derive.counting.describe import network_from_text
from derive.counting.network import count_network


def counted(text, *shape):
    return count_network(network_from_text(text), [shape])


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        # windows of 2, 2, 3, 2, 3, 2, 2 places, 16 in all: 16^2 - 7^2 sums for each channel
        pytest.param("AdaptiveAvgPool2d(7)", (3, 10, 10), {"additions": 3 * (256 - 49)}, id="7 from 10"),
        # windows of 3 and 3 places
        pytest.param("AdaptiveMaxPool2d(2)", (2, 5, 5), {"comparisons": 2 * 4 * 8}, id="greatest"),
        pytest.param("AdaptiveAvgPool1d(3)", (5, 7), {"additions": 5 * 3 * 2}, id="sequence"),
        pytest.param("LayerScale(7)", (5, 7), {"multiplications": 35, "parameters": 7}, id="factor"),
    ],
)
def test_counts(text, shape, expected):
    count = counted(text, *shape)
    assert {name: count.totals[name] for name in expected} == expected
    assert not count.lower_bound


@pytest.mark.parametrize(("places", "extent"), [(3, 7), (5, 13), (7, 10), (4, 6)])
def test_the_windows_of_adaptive_pooling_are_pytorchs(places, extent):
    torch = pytest.importorskip("torch")
    # An input of ones through the backward pass: window by window 1 / its size comes back.
    x = torch.zeros(1, 1, extent, dtype=torch.float64, requires_grad=True)
    sizes = []
    for k in range(places):
        (back,) = torch.autograd.grad(torch.nn.functional.adaptive_avg_pool1d(x, places)[0, 0, k], x)
        sizes.append(int((back != 0).sum()))
    assert counted(f"AdaptiveAvgPool1d({places})", 1, extent).totals["additions"] == sum(sizes) - places


def test_backward_through_time_of_an_lstm():
    # The input of the network is not trained: no gradient goes to x. n = 10, m = 20, 7 steps.
    found = count_backward(counted("LSTM(10, 20)", 7, 10)).totals
    n, m, steps = 10, 20, 7
    # Products with weights: each step's four outer products with h and x, and U^T dz back to h six times.
    assert found["multiply_adds"] == (steps - 1) * 4 * m * m
    # dz_o, dC, dz_u, dz_f, dz_i take 3 products each; dc is dC f
    each = 4 * m * m + 4 * m * n + 15 * m
    assert found["multiplications"] == steps * each + (steps - 1) * (4 * m * m + m)
    # 1 - o, 1 - t^2, 1 - u^2, 1 - f, 1 - i; then U^T dz, two states met, and 6 sums of all gradients
    learned = 4 * (m * n + m * m + m)
    assert found["additions"] == steps * 5 * m + (steps - 1) * (4 * m * m - m + 2 * m + learned)


def test_a_cell_by_itself_hands_nothing_on():
    assert count_backward(counted("LSTMCell(3, 5)", 3)).totals["multiply_adds"] == 0


def test_an_input_whose_channels_seem_to_stand_last_is_noted():
    (note,) = counted("LazyConv2d(7, 3)", 32, 32, 3).notes
    assert "read as 32 channels of 32x3; --layout hwc" in note
    assert counted("LazyConv2d(7, 3)", 3, 32, 32).notes == ()
