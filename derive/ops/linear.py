"""Products with a matrix."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Access, Sum, Tensor


def affine_map(W: Tensor, x: Access, bias: Tensor, i: Index, j: Index) -> sp.Expr:
    """One output of a fully connected layer: ``sum_j W_ij x_j + b_i``."""
    return Sum(W[i, j] * x, j) + bias[i]


@defines("linear", "Goodfellow, Bengio, Courville, Deep Learning (2016), equation 2.5")
def matvec(define: Definition) -> None:
    """A matrix times a column: y = A x."""
    (i,), (j,) = axes("i", "m"), axes("j", "n")
    A = define.input("A", i, j, meaning="a matrix", parameter=True)
    x = define.input("x", j, meaning="a column")
    define.let("y", Sum(A[i, j] * x[j], j), i)


@defines("linear", "Goodfellow, Bengio, Courville, Deep Learning (2016), equation 6.8")
def affine(define: Definition) -> None:
    """The fully connected layer on one column: y = W x + b."""
    (i,), (j,) = axes("i", "m"), axes("j", "n")
    x = define.input("x", j, meaning="one input, a column")
    W = define.input("W", i, j, meaning="the weights, a row for each output", parameter=True)
    bias = define.input("b", i, meaning="the bias, one for each output", parameter=True)
    define.let("y", affine_map(W, x[j], bias, i, j), i)


@defines("linear", "Goodfellow, Bengio, Courville, Deep Learning (2016), equation 6.8, for a batch")
def linear(define: Definition) -> None:
    """The fully connected layer on a batch of rows: y = x W^T + b.

    W has one row for each output, as in PyTorch; textbooks that write y = x W + b store its transpose.
    """
    (b,), (i,), (j,) = axes("b", "B"), axes("i", "m"), axes("j", "n")
    x = define.input("x", b, j, meaning="a batch of inputs, one in each row")
    W = define.input("W", i, j, meaning="the weights, a row for each output", parameter=True)
    bias = define.input("b", i, meaning="the bias, one for each output", parameter=True)
    define.let("y", affine_map(W, x[b, j], bias, i, j), b, i)


@defines("linear", "Petersen and Pedersen, The Matrix Cookbook (2012), equation 81")
def quadratic_form(define: Definition) -> None:
    """x^T A x, a number; its gradient is (A + A^T) x, which is 2 A x only if A is symmetric."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="a column")
    A = define.input("A", i, j, meaning="a square matrix, symmetric or not")
    define.let("y", Sum(x[i] * A[i, j] * x[j], i, j))
