"""Recurrent layers and attention."""

from __future__ import annotations

from typing import Any

from derive.counting.formulas import Size, product, simplest
from derive.counting.layers import ATTENTION, Call, Placed, Reach, Use, differ, layer, show


def _sequence(call: Call) -> tuple[Size, Size, Size]:
    """Batch, length and width of a sequence; the batch first unless said otherwise."""
    call.rank(3, what="a sequence of vectors, length x width")
    N, T, n = call.shape
    return N, T, n


def _cell(
    call: Call, cell: str, gates_with_bias: tuple[str, ...], also: tuple[tuple[str, int], ...] = ()
) -> tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The operation, what it lacks here, and which biases there are two of.

    PyTorch has a bias for the input and one for the state in every gate, textbooks and Keras have one.
    """
    if not call.flag("bias"):
        return cell, tuple((name, 0) for name in gates_with_bias) + tuple((n, 0) for n, _ in also), ()
    if call.conventions.recurrent_biases == 2:
        paired = {name for name, other in also for name in (name, f"b_{name[-1]}")}
        return cell, (), tuple(name for name in gates_with_bias if name not in paired)
    return cell, tuple((name, 0) for name, _ in also), ()


_CELLS: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, int], ...]]] = {
    "RNN": ("rnn_cell", ("b",), ()),
    "LSTM": ("lstm_cell", ("b_i", "b_f", "b_o", "b_u"), ()),
    "GRU": ("gru_cell", ("b_r", "b_s", "b_u"), (("a_u", 0),)),
}
"""For each kind its operation, its biases, and biases that only the variant with two has."""


def _uses(call: Call, kind: str, width: Size, hidden: Size, steps: Size, carried: Size) -> Use:
    cell, absent, twice = _cell(call, *_CELLS[kind])
    sizes = {"n": width, "m": hidden}
    return Use(cell, sizes, calls=steps, absent=absent, twice=twice, carried=carried)


def _recurrent(call: Call, kind: str) -> Placed:
    N, T, width = _sequence(call)
    call.same("input_size", width, "features")
    hidden, layers = call.size("hidden_size"), call.size("num_layers")
    directions = 2 if call.flag("bidirectional") else 1
    if not isinstance(layers, int):
        call.fail("num_layers is a number")
    uses = []
    for _ in range(layers):
        uses += [_uses(call, kind, width, hidden, simplest(N * T), simplest(N * (T - 1)))] * directions
        width = simplest(hidden * directions)
    reach: Reach = ((0, 1, 0, 0), None, None)
    return Placed((N, T, width), tuple(uses), (reach,))


_SETTINGS = (
    "input_size, hidden_size, num_layers=1, {}bias=True, batch_first=True, dropout=0, bidirectional=False"
)


@layer("RNN", _SETTINGS.format("nonlinearity='tanh', "))
def rnn(call: Call) -> Placed:
    """Plain recurrent layers."""
    return _recurrent(call, "RNN")


@layer("LSTM", _SETTINGS.format(""))
def lstm(call: Call) -> Placed:
    """Layers of long short-term memory."""
    return _recurrent(call, "LSTM")


@layer("GRU", _SETTINGS.format(""))
def gru(call: Call) -> Placed:
    """Layers of gated recurrent units."""
    return _recurrent(call, "GRU")


def _one_step(call: Call, kind: str) -> Placed:
    call.rank(2, what="one vector")
    call.same("input_size", call.shape[1], "features")
    hidden = call.size("hidden_size")
    use = _uses(call, kind, call.shape[1], hidden, call.shape[0], 0)
    return Placed((call.shape[0], hidden), (use,), (((0, 1, 0, 0), None),))


@layer("RNNCell", "input_size, hidden_size, bias=True, nonlinearity='tanh'")
def rnn_cell(call: Call) -> Placed:
    """One step of a plain recurrent layer."""
    return _one_step(call, "RNN")


@layer("LSTMCell", "input_size, hidden_size, bias=True")
def lstm_cell(call: Call) -> Placed:
    """One step of long short-term memory."""
    return _one_step(call, "LSTM")


@layer("GRUCell", "input_size, hidden_size, bias=True")
def gru_cell(call: Call) -> Placed:
    """One step of a gated recurrent unit."""
    return _one_step(call, "GRU")


@layer("Attention ScaledDotProductAttention", "heads=1, kv_heads=None, causal=False", inputs=3)
def attention(call: Call) -> Placed:
    """Attention of projected queries, keys and values, each as length x (heads times width).

    ``kv_heads`` fewer heads of keys and values are shared by groups of heads of queries. A causal mask
    changes no count: what is masked is computed.
    """
    (N, n, wide), (_, m, narrow), values = call.inputs
    heads = call.size("heads")
    groups = heads if call["kv_heads"] is None else call.size("kv_heads")
    widths: list[Any] = []
    for total, parts in ((wide, heads), (narrow, groups), (values[-1], groups)):
        if isinstance(total, int) and isinstance(parts, int) and total % parts:
            call.fail(f"a width of {total} does not divide into {parts} heads")
        widths.append(
            total // parts if isinstance(total, int) and isinstance(parts, int) else simplest(total / parts)
        )
    if differ(widths[0], widths[1]):
        call.fail(f"queries of width {widths[0]} and keys of width {widths[1]} a head have no product")
    if differ(values[1], m):
        call.fail(
            f"as many values as keys are needed; came {show(values[1:])} and {show(call.inputs[1][1:])}"
        )
    shared = (
        heads // groups if isinstance(heads, int) and isinstance(groups, int) else simplest(heads / groups)
    )
    sizes = {"G": groups, "r": shared, "n": n, "m": m, "d": widths[0], "d_v": widths[2]}
    use = Use("grouped_query_attention", sizes, calls=N, role=ATTENTION)
    seen: Reach = ((0, 1, 0, 0), None, None)
    own: Reach = ((0, 1, 0, 0), (1, 1, 0, 0), None)
    return Placed((N, n, product((heads, widths[2]))), (use,), (own, seen, seen))
