"""Receptive fields against published ones, by hand, and by perturbing one input and seeing what moves."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from derive.counting.describe import network_from_text
from derive.counting.network import count_network
from derive.counting.receptive import receptive_fields
from derive.tensor.index import size

NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"


def fields_of(text, *shapes, **settings):
    count = count_network(network_from_text(text, variables=settings), shapes)
    return count, receptive_fields(count)


@pytest.mark.parametrize(
    ("name", "settings", "before", "size", "jump", "padding"),
    [  # Araujo, Norris and Sim (2019), table 1 and its accompanying code
        pytest.param("vgg16", {}, "Flatten", 212, 32, 90, id="VGG-16"),
        pytest.param("resnet50", {"stride_on_3x3": 0}, "AdaptiveAvgPool2d", 483, 32, 241, id="ResNet-50 v1"),
        pytest.param("resnet50", {}, "AdaptiveAvgPool2d", 427, 32, 213, id="ResNet-50, stride on the 3x3"),
        pytest.param("alexnet", {}, "Flatten", 195, 32, 64, id="AlexNet on 227 without padding first"),
    ],
)
def test_published(name, settings, before, size, jump, padding):
    count, fields = fields_of((NETWORKS / f"{name}.net").read_text(), **settings)
    last = next(row.number for row in count.rows if row.node.layer == before) - 1
    found = fields.of(last, 2)
    assert found.aligned
    assert (found.single.size, found.single.jump, found.single.padding) == (size, jump, padding)


def test_two_stages_of_two_convolutions_and_a_pool():
    """Course notes: y1, y2 and y3 depend on i-2 .. i+2, 2i-2 .. 2i+3 and 4i-6 .. 4i+9."""
    count, fields = fields_of(
        """input 1 x 40
repeat 2:
    Conv1d(1, 1, 3, padding=1) -> Conv1d(1, 1, 3, padding=1)
    MaxPool1d(2)
"""
    )
    assert [fields.of(row.number, 2).text() for row in count.rows] == [
        "i - 1 .. i + 1",
        "i - 2 .. i + 2",
        "2i - 2 .. 2i + 3",
        "2i - 4 .. 2i + 5",
        "2i - 6 .. 2i + 7",
        "4i - 6 .. 4i + 9",
    ]


def test_letters():
    """Two layers by hand: jump s t, size (k - 1) + (m - 1) s + 1, padding p + q s."""
    text = "Conv1d(1, 1, k, stride=s, padding=p) -> Conv1d(1, 1, m, stride=t, padding=q)"
    k, s, p, m, t, q, n = map(size, "kspmtqn")
    _, fields = fields_of(text, (1, n))
    found = fields.of(2, 2).single
    assert sp.expand(found.jump - s * t) == 0
    assert sp.expand(found.size - ((k - 1) + (m - 1) * s + 1)) == 0
    assert sp.expand(found.padding - (p + q * s)) == 0


def test_branches_that_do_not_align_are_said_so():
    _, fields = fields_of("Add(Conv1d(1, 1, 3, padding=1), Conv1d(1, 1, 3, padding=((0, 2),)))", (1, 20))
    found = fields.of(3, 2)
    assert (found.text(), found.aligned) == ("i - 1 .. i + 2", False)
    (meeting,) = [one for one in fields.meetings if one.axis == 2]
    assert [one.text() for one in meeting.branches] == ["i - 1 .. i + 1", "i .. i + 2"]


def test_branches_of_different_jumps_keep_both():
    """Five places by a stride of 2, and five by a kernel of 5: the places they read drift apart."""
    text = "Add(Conv1d(1, 1, 1, stride=2), Conv1d(1, 1, 5))"
    _, fields = fields_of(text, (1, 9))
    found = fields.of(3, 2)
    assert found.single is None
    assert not found.aligned
    assert [found.at(i) for i in range(5)] == [(0, 4), (1, 5), (2, 6), (3, 7), (4, 8)]


# What moves when one input is perturbed: convolutions with positive weights, so that nothing cancels.


def _windows(x, kernel, stride, before, after, dilation, fill):
    padded = np.pad(x, ((0, 0), (0, 0), (before, after)), constant_values=fill)
    places = (padded.shape[2] - dilation * (kernel - 1) - 1) // stride + 1
    columns = [
        padded[:, :, u * dilation :][:, :, : (places - 1) * stride + 1 : stride] for u in range(kernel)
    ]
    return np.stack(columns, axis=-1)


def _run(node, inputs, rng):
    settings, (x, *others) = node.keywords, inputs
    if node.layer == "Add":
        return x + sum(others)
    if node.layer == "Concat":
        return np.concatenate(inputs, axis=1)
    if node.layer == "ReLU":
        return np.maximum(x, 0)
    if node.layer == "Upsample":
        if settings.get("mode") != "linear":
            return np.repeat(x, settings["scale_factor"], axis=2)
        factor, extent = settings["scale_factor"], x.shape[2]
        at = np.clip((np.arange(factor * extent) + 0.5) / factor - 0.5, 0, extent - 1)
        return np.stack([[np.interp(at, np.arange(extent), one) for one in row] for row in x])
    if node.layer == "ConvTranspose1d":
        _, outputs, kernel = node.arguments
        weights = rng.uniform(0.5, 1.5, (x.shape[1], outputs, kernel))
        stride = settings["stride"]
        y = np.zeros((x.shape[0], outputs, stride * (x.shape[2] - 1) + kernel))
        for i, u in itertools.product(range(x.shape[2]), range(kernel)):
            y[:, :, stride * i + u] += x[:, :, i] @ weights[:, :, u]
        return y
    padding = settings.get("padding", 0)
    before, after = padding[0] if isinstance(padding, tuple) else (padding, padding)
    if node.layer == "Conv1d":
        channels, outputs, kernel = node.arguments
        columns = _windows(
            x, kernel, settings.get("stride", 1), before, after, settings.get("dilation", 1), 0.0
        )
        weights = rng.uniform(0.5, 1.5, (outputs, channels, kernel))
        return np.einsum("ncik,ock->noi", columns, weights)
    kernel, stride = node.arguments
    columns = _windows(x, kernel, stride, before, after, 1, -np.inf if node.layer == "MaxPool1d" else 0.0)
    return columns.max(axis=-1) if node.layer == "MaxPool1d" else columns.mean(axis=-1)


def moved(network, extent, rng):
    """For every node a matrix: which places move (columns) when one input is perturbed (rows)."""
    base = rng.uniform(1, 2, (1, 1, extent))
    batch = np.repeat(base, extent + 1, axis=0)
    for place in range(extent):
        batch[place, 0, place] += 1e9
    values = []
    for node in network.nodes:
        inputs = [values[k] for k in node.inputs]
        values.append(batch if node.layer == "Input" else _run(node, inputs, rng))
    return [np.any(one[:-1] != one[-1:], axis=1) for one in values]


def random_network(rng):
    """A text of a few windows and branches; the branches of a sum keep the size, with centres of any kind."""
    lines, channels, stride_left = [], 1, 2

    def window(channels):
        kernel, dilation = rng.choice([1, 2, 3, 4, 5]), rng.choice([1, 1, 2])
        total = dilation * (kernel - 1)
        before = rng.randint(0, total)
        padding = f"padding=(({before}, {total - before}),), dilation={dilation}"
        return f"Conv1d({channels}, {channels}, {kernel}, {padding})"

    def branch(channels):
        pool = f"{rng.choice(['MaxPool1d', 'AvgPool1d'])}(3, 1, padding=1)"
        steps = [
            rng.choice([window(channels), window(channels), pool, "ReLU()"]) for _ in range(rng.randint(1, 3))
        ]
        return " -> ".join(steps)

    for _ in range(rng.randint(2, 4)):
        kind = rng.choice(["window", "add", "concat", "residual", "stride"])
        if kind == "window":
            lines.append(window(channels))
        elif kind in ("add", "concat"):
            branches = [branch(channels) for _ in range(rng.randint(2, 3))]
            lines.append(f"{kind.title()}({', '.join(branches)})")
            channels *= len(branches) if kind == "concat" else 1
        elif kind == "residual":
            lines.append(f"Residual({branch(channels)})")
        elif stride_left:
            stride_left -= 1
            kernel, padding = rng.choice([(2, 0), (3, 1), (3, 0), (1, 0)])
            pool = f"MaxPool1d({kernel}, 2, padding={padding})"
            strided = f"Conv1d({channels}, {channels}, {kernel}, stride=2, padding={padding})"
            lines.append(rng.choice([pool, strided]))
    return "\n".join(lines) or window(1)


def assert_equal_to_brute_force(text, seed, extent=151):
    count, fields = fields_of(text, (1, extent))
    found = moved(count.network, extent, np.random.default_rng(seed))
    compared = 0
    for row in count.rows:
        own, moves = fields.of(row.number, 2), found[row.number]
        assert moves.shape[1] == row.placed.shape[2], text
        for place in range(moves.shape[1]):
            low, high = own.at(place)
            if low < 30 or high >= extent - 30:  # near the border part of the field is padding
                continue
            touched = np.flatnonzero(moves[:, place])
            assert (touched[0], touched[-1]) == (low, high), f"{text}\n{row.node.call} place {place}"
            compared += 1
    assert compared > 20


@pytest.mark.parametrize("seed", range(24))
def test_equal_to_brute_force(seed):
    assert_equal_to_brute_force(random_network(random.Random(seed)), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24, 200))
def test_equal_to_brute_force_on_many(seed):
    assert_equal_to_brute_force(random_network(random.Random(seed)), seed)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Conv1d(1, 1, 3, padding=1)\nUpsample(scale_factor=2)", id="upsampling"),
        pytest.param("Conv1d(1, 1, 3, padding=1)\nUpsample(scale_factor=2, mode='linear')", id="linear"),
        pytest.param("Upsample(scale_factor=3, mode='linear')\nConv1d(1, 1, 3)", id="linear, then a window"),
        pytest.param("Conv1d(1, 1, 3, padding=1)\nConvTranspose1d(1, 1, 3, stride=2)", id="transposed"),
        pytest.param("ConvTranspose1d(1, 1, 5, stride=3)\nConv1d(1, 1, 3)", id="transposed, then a window"),
    ],
)
def test_fractional_steps_equal_brute_force(text):
    assert_equal_to_brute_force(text, 7, extent=101)
