"""Operations written out by hand for the tests of the calculus, each as its few statements."""

import sympy as sp

from derive.tensor.index import Index, size
from derive.tensor.nodes import Access, Elementwise, IfPositive, Sum, Tensor
from derive.tensor.program import Fact, Program, Statement

n, m, d, k, B, T = (size(name) for name in ("n", "m", "d", "k", "B", "T"))
eps = sp.Symbol("epsilon", positive=True)
_t = sp.Symbol("t", real=True)
ACTIVATION = Elementwise("f", _t, _t / (1 + _t**2))


def indices(text, *sizes):
    return [Index(name, extent) for name, extent in zip(text, sizes, strict=True)]


def program(inputs, *statements, **options):
    return Program(tuple(inputs), tuple(Statement(*one) for one in statements), **options)


def softmax():
    i, j = indices("ij", n, n)
    x, Z, s = Tensor("x", [n]), Tensor("Z", positive=True), Tensor("s", [n], positive=True)
    return program([x], (Z(), Sum(sp.exp(x[j]), j)), (s[i], sp.exp(x[i]) / Z()))


def cross_entropy():
    i, j = indices("ij", n, n)
    x, y = Tensor("x", [n]), Tensor("y", [n])
    Z, s, L = Tensor("Z", positive=True), Tensor("s", [n], positive=True), Tensor("loss")
    return program(
        [x, y],
        (Z(), Sum(sp.exp(x[j]), j)),
        (s[i], sp.exp(x[i]) / Z()),
        (L(), -Sum(y[i] * sp.log(s[i]), i)),
        facts=(Fact(Sum(y[i], i), sp.S.One, "y sums to 1"),),
    )


def linear():
    b, i, o = indices("bio", B, n, m)
    x, W, a = Tensor("x", [B, n]), Tensor("W", [m, n]), Tensor("a", [m])
    return program([x, W, a], (Tensor("y", [B, m])[b, o], Sum(W[o, i] * x[b, i], i) + a[o]))


def quadratic():
    i, j = indices("ij", n, n)
    x, A = Tensor("x", [n]), Tensor("A", [n, n])
    return program([x, A], (Tensor("q")(), Sum(x[i] * A[i, j] * x[j], i, j)))


def _normalised(along):
    """Batch normalisation over the first axis, layer normalisation over the second."""
    i, j = indices("ij", B, n)
    over, kept, extent = (i, j, B) if along == 0 else (j, i, n)
    x, gamma, beta = Tensor("x", [B, n]), Tensor("gamma", [n]), Tensor("beta", [n])
    mu, v = Tensor("mu", [kept.size]), Tensor("v", [kept.size])
    r, xhat, y = Tensor("r", [kept.size], positive=True), Tensor("xhat", [B, n]), Tensor("y", [B, n])
    return program(
        [x, gamma, beta],
        (mu[kept], Sum(x[i, j], over) / extent),
        (v[kept], Sum((x[i, j] - mu[kept]) ** 2, over) / extent),
        (r[kept], (v[kept] + eps) ** sp.Rational(-1, 2)),
        (xhat[i, j], (x[i, j] - mu[kept]) * r[kept]),
        (y[i, j], gamma[j] * xhat[i, j] + beta[j]),
    )


def batch_norm():
    return _normalised(0)


def layer_norm():
    return _normalised(1)


def attention():
    i, j, l, a = indices("ijla", n, m, m, d)
    c = Index("c", k)
    Q, K, V = Tensor("Q", [n, d]), Tensor("K", [m, d]), Tensor("V", [m, k])
    S, Z = Tensor("S", [n, m]), Tensor("Z", [n], positive=True)
    P, out = Tensor("P", [n, m], positive=True), Tensor("O", [n, k])
    return program(
        [Q, K, V],
        (S[i, j], Sum(Q[i, a] * K[j, a], a) / sp.sqrt(d)),
        (Z[i], Sum(sp.exp(S[i, l]), l)),
        (P[i, j], sp.exp(S[i, j]) / Z[i]),
        (out[i, c], Sum(P[i, j] * V[j, c], j)),
    )


def convolution(stride=1, padding=0):
    t, u = indices("tu", m, k)
    x, w = Tensor("x", [n]), Tensor("w", [k])
    return program([x, w], (Tensor("y", [m])[t], Sum(w[u] * x[stride * t + u - padding], u)))


def convolution_2d(stride=1, padding=0):
    o, p, q, u, v, c = indices("opquvc", size("O"), m, m, k, k, d)
    x, w = Tensor("x", [d, n, n]), Tensor("w", [size("O"), d, k, k])
    body = w[o, c, u, v] * x[c, stride * p + u - padding, stride * q + v - padding]
    return program([x, w], (Tensor("y", [size("O"), m, m])[o, p, q], Sum(body, c, u, v)))


def sigmoid():
    i = Index("i", n)
    x, a = Tensor("x", [n]), Tensor("a", [n], positive=True)
    return program([x], (a[i], 1 / (1 + sp.exp(-x[i]))))


def tanh():
    i = Index("i", n)
    x, a = Tensor("x", [n]), Tensor("a", [n])
    return program([x], (a[i], sp.tanh(x[i])))


def tanh_by_exponentials():
    i = Index("i", n)
    x, a = Tensor("x", [n]), Tensor("a", [n])
    up, down = sp.exp(x[i]), sp.exp(-x[i])
    return program([x], (a[i], (up - down) / (up + down)))


def relu():
    i = Index("i", n)
    x = Tensor("x", [n])
    return program([x], (Tensor("a", [n])[i], IfPositive(x[i], x[i], 0)))


def perceptron():
    i, j, o = indices("ijo", n, m, k)
    x, W, b = Tensor("x", [n]), Tensor("W", [m, n]), Tensor("b", [m])
    V, y = Tensor("V", [k, m]), Tensor("y", [k])
    z, a, out, L = Tensor("z", [m]), Tensor("a", [m]), Tensor("o", [k]), Tensor("loss")
    return program(
        [x, W, b, V, y],
        (z[j], Sum(W[j, i] * x[i], i) + b[j]),
        (a[j], ACTIVATION(z[j])),
        (out[o], Sum(V[o, j] * a[j], j)),
        (L(), Sum((out[o] - y[o]) ** 2, o) / 2),
    )


def recurrent_gates():
    """A gated cell: three gates of one pre-activation each, as in an LSTM."""
    j, h = indices("jh", m, m)
    hidden, cell = Tensor("h", [m]), Tensor("c", [m])
    weights = [Tensor(f"W{gate}", [m, m]) for gate in "ifou"]
    gates = [Tensor(gate, [m], positive=gate != "u") for gate in "ifou"]
    new, tanh, out = Tensor("C", [m]), Tensor("t", [m]), Tensor("H", [m])
    statements = []
    for weight, gate in zip(weights, gates, strict=True):
        z = Sum(weight[j, h] * hidden[h], h)
        statements.append((gate[j], sp.tanh(z) if gate.name == "u" else 1 / (1 + sp.exp(-z))))
    i, f, o, u = (gate[j] for gate in gates)
    return program(
        [hidden, cell, *weights],
        *statements,
        (new[j], f * cell[j] + i * u),
        (tanh[j], sp.tanh(new[j])),
        (out[j], o * tanh[j]),
    )


def exponential_of_a_trace():
    """``exp(trace(X^T X))``."""
    i, j = indices("ij", n, m)
    X = Tensor("X", [n, m])
    return program([X], (Tensor("e")(), sp.exp(Sum(X[i, j] ** 2, i, j))))


def trace_of_attention(name="V"):
    """``trace(G^T exp(Q K^T) V)``, the matrix on the right under any name."""
    i, j, a, c = indices("ijac", n, m, d, k)
    Q, K, V, G = Tensor("Q", [n, d]), Tensor("K", [m, d]), Tensor(name, [m, k]), Tensor("G", [n, k])
    body = G[i, c] * sp.exp(Sum(Q[i, a] * K[j, a], a)) * V[j, c]
    return program([Q, K, V, G], (Tensor("f")(), Sum(body, i, j, c)))


def access_names(expression):
    return {access.tensor.name for access in expression.atoms(Access)}


EVERY = {
    "softmax": softmax,
    "cross entropy": cross_entropy,
    "linear": linear,
    "quadratic form": quadratic,
    "batch norm": batch_norm,
    "layer norm": layer_norm,
    "attention": attention,
    "convolution": convolution,
    "convolution, stride 2, padding 1": lambda: convolution(2, 1),
    "convolution 2d": convolution_2d,
    "convolution 2d, stride 2": lambda: convolution_2d(2, 1),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "tanh by exponentials": tanh_by_exponentials,
    "relu": relu,
    "perceptron": perceptron,
    "gated cell": recurrent_gates,
    "exponential of a trace": exponential_of_a_trace,
    "trace of attention": trace_of_attention,
}
