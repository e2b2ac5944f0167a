"""Recurrent networks: the state before and an input give the state after, for one step and for T steps.

A definition says the step once. For one step the state before is an input; for T steps it is the step's own
result at ``t - 1``, and 0 before the first step, which is what an entry outside of its tensor is.
"""

from __future__ import annotations

import sympy as sp

from derive.ops.activations import logistic
from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import IfPositive, Sum, Tensor

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"
_LSTM = f"Gers, Schmidhuber, Cummins (2000); {_GOODFELLOW}, equations 10.40 to 10.44"


class _Cell:
    """Indices, input and state of a cell, and the affine maps of both that its gates are made of.

    ``over`` is empty for one step and the index of the steps for T of them; with ``biases=2`` the maps of the
    input (``b``) and of the state (``a``) have one each, as in PyTorch. T steps begin with 0, or, where the
    cell ``starts``, with what is given.
    """

    def __init__(self, define: Definition, *over: Index, biases: int = 1, starts: bool = False) -> None:
        self.define, self.over, self.biases, self.starts = define, over, biases, starts
        (self.j, self.k), (self.l,) = axes("j k", "m"), axes("l", "n")
        meaning = "the inputs, one step in each row" if over else "the input of this step"
        self.x = define.input("x", *over, self.l, meaning=meaning)
        self._state = self._before("h", "H", "state")

    def _before(self, one: str, several: str, what: str) -> tuple[Tensor, Tensor | None]:
        """An input for one step; for T steps what is named below, and what is before the first one."""
        if not self.over:
            return self.define.input(one, self.j, meaning=f"the {what} before"), None
        start = self.define.input(f"{one}_0", self.j, meaning=f"the first {what}") if self.starts else None
        return Tensor.over(several, *self.over, self.j), start

    def _earlier(self, before: tuple[Tensor, Tensor | None], unit: Index) -> sp.Expr:
        tensor, start = before
        earlier = tensor[(*(step - 1 for step in self.over), unit)]
        if start is None:
            return earlier
        (step,) = self.over
        return IfPositive(step, earlier, start[unit])

    def state(self, unit: Index) -> sp.Expr:
        """An entry of the state before."""
        return self._earlier(self._state, unit)

    def memory(self) -> sp.Expr:
        """An entry of an LSTM's memory before."""
        return self._earlier(self._before("c", "C", "memory"), self.j)

    def parameter(self, name: str, meaning: str, *indices: Index) -> Tensor:
        return self.define.input(name, *indices, meaning=meaning, parameter=True)

    def from_input(self, name: str, gate: str) -> sp.Expr:
        """``sum_l W_jl x_l``."""
        W = self.parameter(name, f"the weights of {gate} for the input", self.j, self.l)
        return Sum(W[self.j, self.l] * self.x[(*self.over, self.l)], self.l)

    def from_state(self, name: str, gate: str, factor: Tensor | None = None) -> sp.Expr:
        """``sum_k U_jk h_k``; with a factor (a gate) ``sum_k U_jk r_k h_k``."""
        U = self.parameter(name, f"the weights of {gate} for the state", self.j, self.k)
        reset = factor[(*self.over, self.k)] if factor is not None else sp.S.One
        return Sum(U[self.j, self.k] * reset * self.state(self.k), self.k)

    def bias(self, name: str, gate: str) -> sp.Expr:
        return self.parameter(name, f"the bias of {gate}", self.j)[self.j]

    def biases_of(self, gate: str, b: str, a: str) -> sp.Expr:
        """``b``, or ``b + a`` with two biases."""
        return self.bias(b, gate) + (self.bias(a, f"{gate} for the state") if self.biases == 2 else 0)

    def let(self, name: str, value: sp.Expr, keep: bool = False, fold: bool = True) -> sp.Expr:
        """A column of m numbers for each step, stated."""
        return self.tensor(name, value, keep, fold)[(*self.over, self.j)]

    def tensor(self, name: str, value: sp.Expr, keep: bool = False, fold: bool = True) -> Tensor:
        return self.define.let(name, value, *self.over, self.j, keep=keep, fold=fold)

    def after(self, value: sp.Expr) -> None:
        """The state after. Gradients name the gates; none is written by the state after."""
        self.let("H", value, keep=bool(self.over), fold=False)

    def argument(self, gate: str, peephole: sp.Expr | None = None) -> sp.Expr:
        """``W x + U h + b``, under a name of its own: its gradient is what the parameters' are made of."""
        value = self.from_input(f"W_{gate}", gate) + self.from_state(f"U_{gate}", gate)
        if peephole is not None:
            value += self.parameter(f"p_{gate}", f"the peephole of {gate}", self.j)[self.j] * peephole
        return self.let(f"z_{gate}", value + self.biases_of(gate, f"b_{gate}", f"a_{gate}"), keep=True)

    def gate(self, name: str, peephole: sp.Expr | None = None) -> sp.Expr:
        """A number between 0 and 1 for each unit."""
        return self.let(name, logistic(self.argument(name, peephole)))


def _rnn(cell: _Cell) -> None:
    value = cell.from_input("W_xh", "the cell") + cell.from_state("W_hh", "the cell")
    b, a = ("b", "a") if cell.biases == 1 else ("b_xh", "b_hh")
    cell.let("H", sp.tanh(cell.let("z", value + cell.biases_of("the cell", b, a), keep=True)))


def _lstm(cell: _Cell, forget: bool = True, peepholes: bool = False) -> None:
    c = cell.memory()
    seen = c if peepholes else None
    i = cell.gate("i", seen)
    kept = cell.gate("f", seen) * c if forget else c
    u = cell.let("u", sp.tanh(cell.argument("u")))
    C = cell.let("C", kept + i * u, keep=True)
    o = cell.gate("o", C if peepholes else None)
    # Over T steps t is the step.
    cell.after(o * cell.let("a" if cell.over else "t", sp.tanh(C)))


def _gru(cell: _Cell, reset_first: bool = False) -> None:
    r = cell.tensor("r", logistic(cell.argument("r")))
    s = cell.gate("s")
    if reset_first:
        z = cell.from_input("W_u", "u") + cell.from_state("U_u", "u", r) + cell.bias("b_u", "u")
    else:
        q = cell.let("q", cell.from_state("U_u", "u") + cell.bias("a_u", "u inside the reset"))
        z = cell.from_input("W_u", "u") + cell.bias("b_u", "u") + r[(*cell.over, cell.j)] * q
    u = cell.let("u", sp.tanh(cell.let("z_u", z, keep=True)))
    cell.after((1 - s) * u + s * cell.state(cell.j))


def _steps() -> Index:
    (t,) = axes("t", "T")
    return t


@defines("recurrent", f"{_GOODFELLOW}, equations 10.8 and 10.9")
def rnn_cell(define: Definition) -> None:
    """The plain recurrent step: tanh of an affine map of the input and of the state before.

    PyTorch has two biases, see :func:`rnn_cell_two_biases`; its weight_ih is W_xh and weight_hh is W_hh.
    """
    _rnn(_Cell(define))


@defines("recurrent", f"{_GOODFELLOW}, equations 10.8 and 10.9; with two biases as PyTorch's RNNCell (2016)")
def rnn_cell_two_biases(define: Definition) -> None:
    """The plain recurrent step with a bias for the input and one for the state.

    Only their sum matters: both have the same gradient.
    """
    _rnn(_Cell(define, biases=2))


@defines("recurrent", _LSTM)
def lstm_cell(define: Definition) -> None:
    """One step of long short-term memory with a forget gate and without peepholes: the state after it.

    i, f and o are the input, forget and output gates, u is what may be written, C the memory after. The loss
    is taken to depend on this step through H alone; what comes back through C from later steps adds to its
    gradient (:func:`lstm`). Goodfellow et al. squash u by a sigmoid; PyTorch calls u g and has two biases for
    each gate, see :func:`lstm_cell_two_biases`.
    """
    _lstm(_Cell(define))


@defines("recurrent", f"{_LSTM}; with two biases as PyTorch's LSTMCell (2016)")
def lstm_cell_two_biases(define: Definition) -> None:
    """One step of long short-term memory with two biases for each gate, 4 m (n + m + 2) parameters."""
    _lstm(_Cell(define, biases=2))


@defines("recurrent", "Hochreiter and Schmidhuber (1997), section 4, one cell in a block")
def lstm_cell_without_forget_gate(define: Definition) -> None:
    """One step of the first long short-term memory: nothing is ever forgotten, the memory only adds up."""
    _lstm(_Cell(define), forget=False)


@defines("recurrent", "Gers, Schmidhuber (2000), Recurrent nets that time and count; Graves (2013)")
def lstm_cell_peepholes(define: Definition) -> None:
    """One step of long short-term memory whose gates see the memory, each unit its own.

    The input and forget gates see the memory before, the output gate the memory after.
    """
    _lstm(_Cell(define), peepholes=True)


@defines("recurrent", "Cho et al. (2014), equations 5 to 8, with biases, and the reset after the matrix")
def gru_cell(define: Definition) -> None:
    """One step of a gated recurrent unit: the state after is between the one before and a new one.

    r is the reset gate, s the update gate (z in the paper) and u the new state; the result is
    (1 - s) u + s h, as in the paper and in PyTorch; others swap s and 1 - s. The reset gate multiplies
    U_u h + a_u, as in PyTorch; in the paper it multiplies h, before the matrix
    (:func:`gru_cell_reset_first`).
    """
    _gru(_Cell(define))


@defines("recurrent", "Cho et al. (2014), equations 5 to 8, with biases")
def gru_cell_reset_first(define: Definition) -> None:
    """One step of a gated recurrent unit as in the paper: the reset gate multiplies the state itself."""
    _gru(_Cell(define), reset_first=True)


@defines("recurrent", f"{_GOODFELLOW}, equations 10.8 and 10.9, for T steps; gradients section 10.2.2")
def rnn(define: Definition) -> None:
    """The plain recurrent network over T steps: all its states, from the state 0.

    The gradients are backpropagation through time: that of z_t comes from the loss at t and from z_{t+1}, and
    those of the shared parameters are sums over the steps.
    """
    _rnn(_Cell(define, _steps()))


@defines("recurrent", f"{_LSTM}, for T steps")
def lstm(define: Definition) -> None:
    """Long short-term memory over T steps: all its states, from state and memory 0.

    The gradient of the memory C_t comes from the state at t and, by the forget gate, from C_{t+1}.
    """
    _lstm(_Cell(define, _steps()))


@defines("recurrent", "Cho et al. (2014), equations 5 to 8, with biases, the reset after the matrix, T steps")
def gru(define: Definition) -> None:
    """Gated recurrent units over T steps: all their states, from the state 0; the reset as in PyTorch."""
    _gru(_Cell(define, _steps()))


_START = "Sutskever, Vinyals, Le (2014), section 2: a decoder begins with the encoder's last state"


@defines("recurrent", _START)
def rnn_from_state(define: Definition) -> None:
    """The plain recurrent network over T steps from a given state; see :func:`rnn`."""
    _rnn(_Cell(define, _steps(), starts=True))


@defines("recurrent", _START)
def lstm_from_state(define: Definition) -> None:
    """Long short-term memory over T steps from a given state and memory; see :func:`lstm`."""
    _lstm(_Cell(define, _steps(), starts=True))


@defines("recurrent", _START)
def gru_from_state(define: Definition) -> None:
    """Gated recurrent units over T steps from a given state; see :func:`gru`."""
    _gru(_Cell(define, _steps(), starts=True))
