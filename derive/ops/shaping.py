"""What moves entries without computing with them, and what is added to say where they stand."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import INDICES, Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Bracket, IfPositive, Sum

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


@defines("shaping", "PyTorch, torch.flatten (2016), row-major order")
def flatten(define: Definition) -> None:
    """Lays the channels, rows and columns of an image out in one row, the last index running fastest.

    Entry (c, i, j) comes to place c H W + i W + j, as in C and NumPy; Fortran and MATLAB run the first index
    fastest.
    """
    (n,), (c,), (i,), (j,) = axes("n", "N"), axes("c", "C"), axes("i", "H"), axes("j", "W")
    x = define.input("x", n, c, i, j, meaning="images: example, channel, row, column")
    k = Index("k", c.size * i.size * j.size)
    place = c * i.size * j.size + i * j.size + j
    define.let("y", Sum(x[n, c, i, j] * Bracket(k - place), c, i, j), n, k)
    for C, H, W in ((2, 3, 5), (5, 3, 2), (1, 7, 3)):
        define.trial(N=7, C=C, H=H, W=W)


@defines("shaping", "NumPy, numpy.reshape (2006), row-major order")
def reshape(define: Definition) -> None:
    """Writes the entries of a matrix, row after row, into a matrix with another number of rows.

    The number of rows has to divide the number of entries. It is no transpose: the order stays.
    """
    (a,), (b,) = axes("a", "n"), axes("b", "m")
    x = define.input("x", a, b, meaning="a matrix")
    p = define.whole("rows", 1, letter="p")
    q = define.derived("q", a.size * b.size / p)
    i, j, k = Index("i", p), Index("j", q), Index("k", p * q)
    row = define.let("v", Sum(x[a, b] * Bracket(k - a * b.size - b), a, b), k)
    define.let("y", row[i * q + j], i, j)
    for n, m, rows in ((3, 5, 5), (2, 7, 7), (5, 3, 15)):
        define.trial(n=n, m=m, rows=rows)


@defines("shaping", "Szegedy et al. (2015), section 4, the filter concatenation")
def concatenation(define: Definition) -> None:
    """Puts the columns of one batch behind those of another; each part of the gradient goes to its own."""
    (b,), (j,), (k,) = axes("b", "B"), axes("j", "n"), axes("k", "m")
    x = define.input("x", b, j, meaning="the first columns")
    z = define.input("z", b, k, meaning="the columns behind them")
    column = Index("i", j.size + k.size)
    define.let("y", IfPositive(j.size - column, x[b, column], z[b, column - j.size]), b, column)


@defines("shaping", "He, Zhang, Ren, Sun (2016), equation 2")
def residual_projection(define: Definition) -> None:
    """What a block of layers computes, added to a projection of what it got, where the two differ in size."""
    (b,), (i,), (j,) = axes("b", "B"), axes("i", "m"), axes("j", "n")
    x = define.input("x", b, j, meaning="what the block got, one example in each row")
    f = define.input("f", b, i, meaning="what the block computes")
    W = define.input("W_s", i, j, meaning="the projection, a row for each output", parameter=True)
    define.let("y", f[b, i] + Sum(W[i, j] * x[b, j], j), b, i)


@defines("shaping", "Odena, Dumoulin, Olah, Deconvolution and checkerboard artifacts (2016)")
def nearest_upsampling(define: Definition) -> None:
    """Repeats every entry of an image r times along rows and columns; its gradient sums the r x r block."""
    (n,), (c,), (a,), (b,) = axes("n", "N"), axes("c", "C"), axes("a", "H"), axes("b", "W")
    x = define.input("x", n, c, a, b, meaning="images: example, channel, row, column")
    r = define.whole("factor", 2, letter="r")
    u, v = define.bound("u v", r)
    i, j = Index("i", r * a.size), Index("j", r * b.size)
    here = Bracket(i - r * a - u) * Bracket(j - r * b - v)
    define.let("y", Sum(x[n, c, a, b] * here, a, b, u, v), n, c, i, j)
    for factor in (1, 2, 3):
        define.trial(N=2, C=3, H=5, W=7, factor=factor)


@defines("shaping", f"{_GOODFELLOW}, section 12.4.2")
def embedding(define: Definition) -> None:
    """Looks up a row of a table for every token; its gradient adds each token's to the row it was.

    A token that occurs twice gets the sum of both, and a row that no token names gets 0. It is the product
    with a one-hot matrix, without the zeros.
    """
    (t,), (v,), (j,) = axes("t", "T"), axes("v", "V"), axes("j", "d")
    E = define.input("E", v, j, meaning="the table, one row for each word", parameter=True)
    c = define.input("c", t, meaning="the tokens, as numbers of rows", domain=INDICES)
    define.let("y", E[c[t], j], t, j)


@defines("shaping", "Vaswani et al. (2017), section 3.5")
def positional_encoding(define: Definition) -> None:
    """Adds to every token sines and cosines of its position: even columns 2i are sines, odd ones cosines.

    The angle is p / base^{2i/d}, in radians; positions and columns count from 0. The pair of columns 2i and
    2i + 1 shares an angle; with an odd width the last sine has no cosine.
    """
    (p,), (c,) = axes("p", "n"), axes("c", "d")
    x = define.input("x", p, c, meaning="the sequence, one token in each row")
    base = define.setting("base", 10_000)
    i = Index("i", sp.ceiling(c.size / 2))
    omega = define.let("omega", base ** (-2 * i / c.size), i)
    angle = p * omega[i]
    even = Sum(Bracket(c - 2 * i) * sp.sin(angle), i)
    PE = define.let("PE", even + Sum(Bracket(c - 2 * i - 1) * sp.cos(angle), i), p, c)
    define.let("y", x[p, c] + PE[p, c], p, c)
