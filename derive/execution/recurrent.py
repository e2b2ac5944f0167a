"""Recurrent networks, for one step and for T steps; leading axes are sequences side by side.

A family says one step forwards and back; for T steps it is repeated, and going back the gradients of the
shared parameters add up. Slopes come from the arguments and not as 1 - tanh^2 or s (1 - s), which lose their
digits in the tails.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from derive.execution.activations import sigmoid, sigmoid_backward, tanh_backward
from derive.execution.linear import linear_backward
from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.signature import Signature

Gradients = dict[str, Array]
States = tuple[Array, ...]


@dataclass
class Step:
    """One step while it is computed: its input and states before, and what its way back needs."""

    x: Array
    before: States
    of: dict[str, Array]
    values: dict[str, Array] = field(default_factory=dict)

    def mixed(self, W: str, U: str, biases: tuple[str, ...]) -> Array:
        """W x + U h + b, with as many biases as there are."""
        own = self.x @ self.of[W].T + self.before[0] @ self.of[U].T
        return sum((self.of[b] for b in biases if b in self.of), start=own)


class Back:
    """The gradients that a step sends back, added up."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.x, self.h = np.zeros_like(step.x), np.zeros_like(step.before[0])
        self.parameters: Gradients = {}

    def mixed(self, by_z: Array, W: str, U: str, biases: tuple[str, ...]) -> None:
        """Through W x + U h + b."""
        self.from_input(by_z, W)
        self.from_state(by_z, U, self.step.before[0])
        self.parameters |= {b: by_z for b in biases if b in self.step.of}

    def from_input(self, by_z: Array, W: str) -> None:
        found = linear_backward(by_z, self.step.x, self.step.of[W], by_z)
        self.x, self.parameters[W] = self.x + found["x"], found["W"]

    def from_state(self, by_z: Array, U: str, state: Array, factor: Array | None = None) -> Array:
        """Through U state, state being ``factor`` times the state before; the gradient of that product."""
        found = linear_backward(by_z, state, self.step.of[U], by_z)
        self.h = self.h + (found["x"] if factor is None else factor * found["x"])
        self.parameters[U] = found["W"]
        return found["x"]


@dataclass(frozen=True)
class Family:
    """One step: ``forward`` gives the states after, the first being the result; ``backward`` takes their
    gradients and gives those of the states before after the first, having put the others into Back."""

    states: tuple[str, ...]
    forward: Callable[[Step], States]
    backward: Callable[[Step, States, Back], States]


def _cell_names(gate: str) -> tuple[str, str, tuple[str, ...]]:
    return f"W_{gate}", f"U_{gate}", (f"b_{gate}", f"a_{gate}")


_RNN = ("W_xh", "W_hh", ("b", "b_xh", "b_hh"))


def _rnn(step: Step) -> States:
    step.values["z"] = step.mixed(*_RNN)
    return (np.tanh(step.values["z"]),)


def _rnn_back(step: Step, upstream: States, back: Back) -> States:
    back.mixed(tanh_backward(upstream[0], step.values["z"])["x"], *_RNN)
    return ()


def _seen(step: Step, gate: str, memory: Array) -> Array:
    """A gate's argument, with what its peephole shows it."""
    z = step.mixed(*_cell_names(gate))
    peephole = step.of.get(f"p_{gate}")
    step.values[f"z_{gate}"] = z if peephole is None else z + peephole * memory
    return step.values[f"z_{gate}"]


def _lstm(step: Step) -> States:
    c = step.before[1]
    i = sigmoid(_seen(step, "i", c))
    f = sigmoid(_seen(step, "f", c)) if "W_f" in step.of else np.ones_like(i)
    u = np.tanh(_seen(step, "u", c))
    C = f * c + i * u
    o = sigmoid(_seen(step, "o", C))
    step.values |= {"i": i, "f": f, "u": u, "o": o, "C": C}
    return o * np.tanh(C), C


def _lstm_back(step: Step, upstream: States, back: Back) -> States:
    of, values, c = step.of, step.values, step.before[1]
    i, f, u, o, C = (values[name] for name in ("i", "f", "u", "o", "C"))
    by_H, by_C = upstream
    by_z = {"o": sigmoid_backward(by_H * np.tanh(C), values["z_o"])["x"]}
    by_C = by_C + tanh_backward(by_H * o, C)["x"]
    if "p_o" in of:
        by_C = by_C + by_z["o"] * of["p_o"]
        back.parameters["p_o"] = by_z["o"] * C
    by_z["i"] = sigmoid_backward(by_C * u, values["z_i"])["x"]
    by_z["u"] = tanh_backward(by_C * i, values["z_u"])["x"]
    if "W_f" in of:
        by_z["f"] = sigmoid_backward(by_C * c, values["z_f"])["x"]
    by_c = by_C * f
    for gate, by in by_z.items():
        back.mixed(by, *_cell_names(gate))
        if gate in "if" and f"p_{gate}" in of:
            by_c = by_c + by * of[f"p_{gate}"]
            back.parameters[f"p_{gate}"] = by * c
    return (by_c,)


def _gru(step: Step) -> States:
    of, h = step.of, step.before[0]
    r, s = (sigmoid(_seen(step, gate, h)) for gate in "rs")
    q = h @ of["U_u"].T + of["a_u"] if "a_u" in of else (r * h) @ of["U_u"].T
    z = step.x @ of["W_u"].T + of["b_u"] + (r * q if "a_u" in of else q)
    step.values |= {"r": r, "s": s, "q": q, "z": z}
    return ((1 - s) * np.tanh(z) + s * h,)


def _gru_back(step: Step, upstream: States, back: Back) -> States:
    values, h, by_H = step.values, step.before[0], upstream[0]
    r, s, q, z = (values[name] for name in ("r", "s", "q", "z"))
    by_z = tanh_backward(by_H * sigmoid(-values["z_s"]), z)["x"]
    back.from_input(by_z, "W_u")
    back.parameters["b_u"] = by_z
    if "a_u" in step.of:
        back.from_state(by_z * r, "U_u", h)
        back.parameters["a_u"], by_r = by_z * r, by_z * q
    else:
        by_r = h * back.from_state(by_z, "U_u", r * h, factor=r)
    back.mixed(sigmoid_backward(by_r, values["z_r"])["x"], *_cell_names("r"))
    back.mixed(sigmoid_backward(by_H * (h - np.tanh(z)), values["z_s"])["x"], *_cell_names("s"))
    back.h = back.h + by_H * s
    return ()


RNN = Family(("h",), _rnn, _rnn_back)
LSTM = Family(("h", "c"), _lstm, _lstm_back)
GRU = Family(("h",), _gru, _gru_back)


def _enter(name: str, family: Family, parameters: str, steps: bool, starts: bool = True) -> None:
    """Put a cell, or T steps of it, into the table; steps start from given states or from 0."""
    every = "T " if steps else ""
    states_given = tuple(f"{state}_0" if steps else state for state in family.states) if starts else ()
    states = "".join(f"{state}: ... m, " for state in states_given)
    signature = f"x: ... {every}n, {states}{parameters} -> ... {every}m"
    names = list(Signature.parse(signature).inputs)

    def computed(arrays: tuple[Array, ...], leading: tuple[int, ...] | None = None) -> list[Step]:
        of = dict(zip(names, arrays, strict=True))
        x, given = of.pop("x"), [of.pop(state) for state in states_given]
        own = x.ndim - 1 - steps
        if leading is None:
            leading = np.broadcast_shapes(x.shape[:own], *(one.shape[:-1] for one in given))
        # All of it with the leading axes of the result: what a parameter's gradient is summed over.
        x = np.broadcast_to(x, (*leading, *x.shape[own:]))
        first = tuple(np.broadcast_to(one, (*leading, one.shape[-1])) for one in given)
        if not starts:
            units = next(array.shape[0] for key, array in of.items() if key.startswith("b"))
            zero = np.zeros((*leading, units), dtype=np.result_type(x, *of.values()))
            first = (zero,) * len(family.states)
        return [Step(x[..., t, :], first, of) for t in range(x.shape[-2])] if steps else [Step(x, first, of)]

    def run(sequence: list[Step]) -> list[Array]:
        results: list[Array] = []
        after: States | None = None
        for step in sequence:
            step.before = after or step.before
            after = family.forward(step)
            results.append(after[0])
        return results

    def forward(*arrays: Array) -> Array:
        results = run(computed(arrays))
        return np.stack(results, axis=-2) if steps else results[0]

    def backward(upstream: Array, *arrays: Array) -> Gradients:
        sequence = computed(arrays, upstream.shape[: upstream.ndim - 1 - steps])
        run(sequence)
        from_later: States = (np.zeros_like(upstream[..., 0, :] if steps else upstream),) * len(family.states)
        found: Gradients = {}
        by_x: list[Array] = []
        for t in reversed(range(len(sequence))):
            back = Back(sequence[t])
            own = upstream[..., t, :] if steps else upstream
            others = family.backward(sequence[t], (own + from_later[0], *from_later[1:]), back)
            from_later = (back.h, *others)
            by_x.insert(0, back.x)
            found = {key: value + found.get(key, 0) for key, value in back.parameters.items()}
        found |= dict(zip(states_given, from_later, strict=False))
        found["x"] = np.stack(by_x, axis=-2) if steps else by_x[0]
        return {key: found[key] for key in names}

    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    taken = [inspect.Parameter(one, positional) for one in names]
    forward.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    backward_rule(name)(backward)
    forward_rule(signature, analytic=True, name=name)(forward)


def _gates(gates: str, biases: str = "b", peepholes: str = "") -> str:
    own = [
        f"W_{gate}: m n, U_{gate}: m m, " + ", ".join(f"{letter}_{gate}: m" for letter in biases)
        for gate in gates
    ]
    return ", ".join([*own, *(f"p_{gate}: m" for gate in peepholes)])


_PLAIN = "W_xh: m n, W_hh: m m"
_RESET_AFTER = f"{_gates('rsu')}, a_u: m"

_enter("rnn_cell", RNN, f"{_PLAIN}, b: m", steps=False)
_enter("rnn_cell_two_biases", RNN, f"{_PLAIN}, b_xh: m, b_hh: m", steps=False)
_enter("rnn", RNN, f"{_PLAIN}, b: m", steps=True, starts=False)
_enter("rnn_from_state", RNN, f"{_PLAIN}, b: m", steps=True)
_enter("lstm_cell", LSTM, _gates("ifou"), steps=False)
_enter("lstm_cell_two_biases", LSTM, _gates("ifou", biases="ba"), steps=False)
_enter("lstm_cell_without_forget_gate", LSTM, _gates("iou"), steps=False)
_enter("lstm_cell_peepholes", LSTM, _gates("ifou", peepholes="ifo"), steps=False)
_enter("lstm", LSTM, _gates("ifou"), steps=True, starts=False)
_enter("lstm_from_state", LSTM, _gates("ifou"), steps=True)
_enter("gru_cell", GRU, _RESET_AFTER, steps=False)
_enter("gru_cell_reset_first", GRU, _gates("rsu"), steps=False)
_enter("gru", GRU, _RESET_AFTER, steps=True, starts=False)
_enter("gru_from_state", GRU, _RESET_AFTER, steps=True)
