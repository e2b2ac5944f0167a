"""One step of a recurrent network, for one sequence: the state before and an input give the state after."""

from __future__ import annotations

import sympy as sp

from derive.ops.activations import logistic
from derive.ops.definition import Definition, axes, defines
from derive.tensor.nodes import Sum

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


class _Cell:
    """Indices, input and state of a cell, and the affine maps of both that its gates are made of."""

    def __init__(self, define: Definition) -> None:
        self.define = define
        (self.j, self.k), (self.l,) = axes("j k", "m"), axes("l", "n")
        self.x = define.input("x", self.l, meaning="the input of this step")
        self.h = define.input("h", self.j, meaning="the state before")

    def from_input(self, name: str, gate: str) -> sp.Expr:
        """``sum_l W_jl x_l``."""
        meaning = f"the weights of {gate} for the input"
        W = self.define.input(name, self.j, self.l, meaning=meaning, parameter=True)
        return Sum(W[self.j, self.l] * self.x[self.l], self.l)

    def from_state(self, name: str, gate: str) -> sp.Expr:
        """``sum_k U_jk h_k``."""
        meaning = f"the weights of {gate} for the state"
        U = self.define.input(name, self.j, self.k, meaning=meaning, parameter=True)
        return Sum(U[self.j, self.k] * self.h[self.k], self.k)

    def bias(self, name: str, gate: str) -> sp.Expr:
        return self.define.input(name, self.j, meaning=f"the bias of {gate}", parameter=True)[self.j]

    def let(self, name: str, value: sp.Expr, keep: bool = False) -> sp.Expr:
        """A column of m numbers, stated."""
        return self.define.let(name, value, self.j, keep=keep)[self.j]

    def after(self, value: sp.Expr) -> None:
        """The state after. Gradients name the gates; none is written by the state after."""
        self.define.let("H", value, self.j, fold=False)

    def argument(self, gate: str) -> sp.Expr:
        """``W x + U h + b``, under a name of its own: its gradient is what the parameters' are made of."""
        value = self.from_input(f"W_{gate}", gate) + self.from_state(f"U_{gate}", gate)
        return self.let(f"z_{gate}", value + self.bias(f"b_{gate}", gate), keep=True)

    def gate(self, name: str) -> sp.Expr:
        """A number between 0 and 1 for each unit."""
        return self.let(name, logistic(self.argument(name)))


@defines("recurrent", f"{_GOODFELLOW}, equations 10.8 and 10.9")
def rnn_cell(define: Definition) -> None:
    """The plain recurrent step: tanh of an affine map of the input and of the state before.

    PyTorch has two biases, of which only the sum matters; its weight_ih is W_xh and weight_hh is W_hh.
    """
    cell = _Cell(define)
    value = cell.from_input("W_xh", "the cell") + cell.from_state("W_hh", "the cell")
    z = cell.let("z", value + cell.bias("b", "the cell"), keep=True)
    cell.let("H", sp.tanh(z))


@defines("recurrent", f"Gers, Schmidhuber, Cummins (2000); {_GOODFELLOW}, equations 10.40 to 10.44")
def lstm_cell(define: Definition) -> None:
    """One step of long short-term memory with a forget gate and without peepholes: the state after it.

    i, f and o are the input, forget and output gates, u is what may be written, C the memory after. The loss
    is taken to depend on this step through H alone; what comes back through C from later steps adds to its
    gradient. Hochreiter and Schmidhuber (1997) had no forget gate (f = 1); Goodfellow et al. squash u by a
    sigmoid; PyTorch calls u g and has two biases for each gate, of which only the sum matters.
    """
    cell = _Cell(define)
    c = define.input("c", cell.j, meaning="the memory before")
    i, f, o = (cell.gate(name) for name in "ifo")
    u = cell.let("u", sp.tanh(cell.argument("u")))
    C = cell.let("C", f * c[cell.j] + i * u, keep=True)
    cell.after(o * cell.let("t", sp.tanh(C)))


@defines("recurrent", "Cho et al. (2014), equations 5 to 8, with biases, and the reset after the matrix")
def gru_cell(define: Definition) -> None:
    """One step of a gated recurrent unit: the state after is between the one before and a new one.

    r is the reset gate, s the update gate (z in the paper) and u the new state; the result is
    (1 - s) u + s h, as in the paper and in PyTorch; others swap s and 1 - s. The reset gate multiplies
    U_u h + a_u, as in PyTorch; in the paper it multiplies h, before the matrix.
    """
    cell = _Cell(define)
    r, s = cell.gate("r"), cell.gate("s")
    q = cell.let("q", cell.from_state("U_u", "u") + cell.bias("a_u", "u inside the reset"))
    z = cell.let("z_u", cell.from_input("W_u", "u") + cell.bias("b_u", "u") + r * q, keep=True)
    cell.after((1 - s) * cell.let("u", sp.tanh(z)) + s * cell.h[cell.j])
