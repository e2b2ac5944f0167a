"""Parameters that stand in several places: the gradient is the sum over all of them."""

from __future__ import annotations

from derive.ops.definition import BINARY, Definition, axes, defines
from derive.tensor.nodes import Sum


@defines("sharing", "Han, Mao, Dally (2016), section 3")
def shared_weights(define: Definition) -> None:
    """Each weight is the centroid of its cluster: the weights of a compressed layer.

    A has a 1 in each row, at the weight's cluster. A centroid's gradient is the sum of its members', and not
    their mean.
    """
    (i,), (k,) = axes("i", "n"), axes("k", "m")
    A = define.input("A", i, k, meaning="which cluster each weight belongs to, one-hot", domain=BINARY)
    c = define.input("c", k, meaning="the centroids", parameter=True)
    define.let("w", Sum(A[i, k] * c[k], k), i)


@defines("sharing", "Bourlard and Kamp (1988); Goodfellow, Bengio, Courville (2016), section 14.1")
def tied_autoencoder(define: Definition) -> None:
    """Half the squared error of W^T W x: the weights of the decoder are those of the encoder.

    Both uses of W add to its gradient. W^T W has at most the rank m of the code; the best W spans the first m
    principal components.
    """
    (i, j), (a,) = axes("i j", "n"), axes("a", "m")
    x = define.input("x", i, meaning="the point, from which the mean has been taken")
    W = define.input("W", a, i, meaning="the weights, a row for each number of the code", parameter=True)
    h = define.let("h", Sum(W[a, j] * x[j], j), a, keep=True)
    r = define.let("r", Sum(W[a, i] * h[a], a) - x[i], i, keep=True)
    define.let("L", Sum(r[i] ** 2, i) / 2)
