"""One step of a recurrent cell; leading axes are sequences side by side.

Slopes come from the arguments and not as 1 - tanh^2 or s (1 - s), which lose their digits in the tails.
"""

from __future__ import annotations

import numpy as np

from derive.execution.activations import sigmoid, sigmoid_backward, tanh_backward
from derive.execution.linear import linear, linear_backward
from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


def _mixed(x: Array, W: Array, h: Array, U: Array, b: Array) -> Array:
    """W x + U h + b."""
    return x @ W.T + linear(h, U, b)


def _through(by_z: Array, x: Array, W: Array, h: Array, U: Array, b: Array) -> tuple[Array, ...]:
    """The gradients of x, h, W, U and b, given that of W x + U h + b."""
    of_x, of_h = linear_backward(by_z, x, W, b), linear_backward(by_z, h, U, b)
    return of_x["x"], of_h["x"], of_x["W"], of_h["W"], by_z


def _together(upstream: Array, x: Array, h: Array) -> tuple[Array, Array]:
    """Both with all leading axes of the result: what a parameter's gradient is summed over."""
    return np.broadcast_to(x, (*upstream.shape[:-1], x.shape[-1])), np.broadcast_to(h, upstream.shape)


@forward_rule("x: ... n, h: ... m, W_xh: m n, W_hh: m m, b: m -> ... m", analytic=True)
def rnn_cell(x: Array, h: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
    """tanh(W_xh x + W_hh h + b)."""
    return np.tanh(_mixed(x, W_xh, h, W_hh, b))


@backward_rule(rnn_cell)
def rnn_cell_backward(upstream: Array, x: Array, h: Array, W_xh: Array, W_hh: Array, b: Array) -> Gradients:
    x, h = _together(upstream, x, h)
    by_z = tanh_backward(upstream, _mixed(x, W_xh, h, W_hh, b))["x"]
    names = ("x", "h", "W_xh", "W_hh", "b")
    return dict(zip(names, _through(by_z, x, W_xh, h, W_hh, b), strict=True))


@forward_rule(
    "x: ... n, h: ... m, c: ... m, W_i: m n, U_i: m m, b_i: m, W_f: m n, U_f: m m, b_f: m, "
    "W_o: m n, U_o: m m, b_o: m, W_u: m n, U_u: m m, b_u: m -> ... m",
    analytic=True,
)
def lstm_cell(
    x: Array, h: Array, c: Array,
    W_i: Array, U_i: Array, b_i: Array, W_f: Array, U_f: Array, b_f: Array,
    W_o: Array, U_o: Array, b_o: Array, W_u: Array, U_u: Array, b_u: Array,
) -> Array:  # fmt: skip
    """o tanh(f c + i u) with gates i, f, o = sigmoid(W x + U h + b) and u = tanh(W_u x + U_u h + b_u)."""
    i, f, o = (
        sigmoid(_mixed(x, W, h, U, b)) for W, U, b in ((W_i, U_i, b_i), (W_f, U_f, b_f), (W_o, U_o, b_o))
    )
    return o * np.tanh(f * c + i * np.tanh(_mixed(x, W_u, h, U_u, b_u)))


@backward_rule(lstm_cell)
def lstm_cell_backward(
    upstream: Array, x: Array, h: Array, c: Array,
    W_i: Array, U_i: Array, b_i: Array, W_f: Array, U_f: Array, b_f: Array,
    W_o: Array, U_o: Array, b_o: Array, W_u: Array, U_u: Array, b_u: Array,
) -> Gradients:  # fmt: skip
    x, h = _together(upstream, x, h)
    z_i, z_f, z_o, z_u = (
        _mixed(x, W, h, U, b)
        for W, U, b in ((W_i, U_i, b_i), (W_f, U_f, b_f), (W_o, U_o, b_o), (W_u, U_u, b_u))
    )
    i, f, o, u = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o), np.tanh(z_u)
    C = f * c + i * u
    memory = tanh_backward(upstream * o, C)["x"]
    parts = {
        "i": (sigmoid_backward(memory * u, z_i)["x"], W_i, U_i, b_i),
        "f": (sigmoid_backward(memory * c, z_f)["x"], W_f, U_f, b_f),
        "o": (sigmoid_backward(upstream * np.tanh(C), z_o)["x"], W_o, U_o, b_o),
        "u": (tanh_backward(memory * i, z_u)["x"], W_u, U_u, b_u),
    }
    return _gathered(x, h, parts, {"c": memory * f})


def _gathered(
    x: Array, h: Array, parts: dict[str, tuple[Array, Array, Array, Array]], others: Gradients
) -> Gradients:
    """Gradients through several affine maps of the same input and state, which add up there."""
    by_x, by_h = np.zeros_like(x), np.zeros_like(h)
    parameters: Gradients = {}
    for gate, (by_z, W, U, b) in parts.items():
        of_x, of_h, of_W, of_U, of_b = _through(by_z, x, W, h, U, b)
        by_x, by_h = by_x + of_x, by_h + of_h
        parameters |= {f"W_{gate}": of_W, f"U_{gate}": of_U, f"b_{gate}": of_b}
    return {"x": by_x, "h": by_h, **others, **parameters}


@forward_rule(
    "x: ... n, h: ... m, W_r: m n, U_r: m m, b_r: m, W_s: m n, U_s: m m, b_s: m, "
    "U_u: m m, a_u: m, W_u: m n, b_u: m -> ... m",
    analytic=True,
)
def gru_cell(
    x: Array, h: Array, W_r: Array, U_r: Array, b_r: Array, W_s: Array, U_s: Array, b_s: Array,
    U_u: Array, a_u: Array, W_u: Array, b_u: Array,
) -> Array:  # fmt: skip
    """(1 - s) u + s h with gates r, s and u = tanh(W_u x + b_u + r (U_u h + a_u))."""
    r, s = sigmoid(_mixed(x, W_r, h, U_r, b_r)), sigmoid(_mixed(x, W_s, h, U_s, b_s))
    u = np.tanh(linear(x, W_u, b_u) + r * linear(h, U_u, a_u))
    return (1 - s) * u + s * h


@backward_rule(gru_cell)
def gru_cell_backward(
    upstream: Array, x: Array, h: Array,
    W_r: Array, U_r: Array, b_r: Array, W_s: Array, U_s: Array, b_s: Array,
    U_u: Array, a_u: Array, W_u: Array, b_u: Array,
) -> Gradients:  # fmt: skip
    x, h = _together(upstream, x, h)
    z_r, z_s = _mixed(x, W_r, h, U_r, b_r), _mixed(x, W_s, h, U_s, b_s)
    r, s, q = sigmoid(z_r), sigmoid(z_s), linear(h, U_u, a_u)
    z = linear(x, W_u, b_u) + r * q
    by_z = tanh_backward(upstream * sigmoid(-z_s), z)["x"]
    parts = {
        "r": (sigmoid_backward(by_z * q, z_r)["x"], W_r, U_r, b_r),
        "s": (sigmoid_backward(upstream * (h - np.tanh(z)), z_s)["x"], W_s, U_s, b_s),
    }
    of_x, of_h = linear_backward(by_z, x, W_u, b_u), linear_backward(by_z * r, h, U_u, a_u)
    found = _gathered(x, h, parts, {})
    found["x"] = found["x"] + of_x["x"]
    found["h"] = found["h"] + of_h["x"] + upstream * s
    return {**found, "U_u": of_h["W"], "a_u": of_h["b"], "W_u": of_x["W"], "b_u": of_x["b"]}
