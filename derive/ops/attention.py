"""Attention: queries look up values by the similarity of keys."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import MASK, Definition, axes, defines
from derive.ops.softmax import let_partition, share
from derive.tensor.index import Index
from derive.tensor.nodes import Access, IfPositive, Sum, Tensor

_VASWANI = "Vaswani et al. (2017)"
_CAUSAL = "Vaswani et al. (2017), section 3.2.3"


def _averaged(
    define: Definition, S: Tensor, V: Tensor, value: tuple[Index, ...], heads: tuple[Index, ...], i: Index
) -> Tensor:
    """``P``, the softmax of every row of scores, and ``O = P V``.

    ``value`` are the heads of V, then the index of a key and of a column of V.
    """
    *_, j, c = value
    Z = let_partition(define, S, Index("l", j.size), *heads, i)
    P = define.let("P", share(S, Z, j, *heads, i), *heads, i, j)
    return define.let("O", Sum(P[(*heads, i, j)] * V[value], j), *heads, i, c)


def _masked_average(
    define: Definition,
    S: Tensor,
    M: Access,
    V: Tensor,
    value: tuple[Index, ...],
    heads: tuple[Index, ...] = (),
) -> Tensor:
    """The same over the keys that a mask leaves: ``E = M e^S``, so that the others' weights are exactly 0."""
    (i, j), c = M.indices, value[-1]
    E = define.let("E", M * sp.exp(S[(*heads, i, j)]), *heads, i, j)
    Z = define.let("Z", Sum(E[(*heads, i, j)], j), *heads, i)
    P = define.let("P", E[(*heads, i, j)] / Z[(*heads, i)], *heads, i, j)
    return define.let("O", Sum(P[(*heads, i, j)] * V[value], j), *heads, i, c)


def _mask(define: Definition, i: Index, j: Index, causal: bool) -> Access:
    """Which keys a query sees: its own and those before it, or what a mask says."""
    if causal:
        return define.let("M", IfPositive(i - j + 1, 1, 0), i, j)[i, j]
    meaning = "the mask: 1 where the query may see the key, else 0"
    return define.input("M", i, j, meaning=meaning, domain=MASK)[i, j]


def _queries_keys_values(define: Definition, keys: str = "m") -> tuple[Tensor, Tensor, Tensor]:
    (i,), (j,), (a,), (c,) = axes("i", "n"), axes("j", keys), axes("a", "d"), axes("c", "d_v")
    Q = define.input("Q", i, a, meaning="the queries, one in each row")
    K = define.input("K", j, a, meaning="the keys, one in each row")
    return Q, K, define.input("V", j, c, meaning="the values, one in each row, as many as keys")


def _let_scores(define: Definition, Q: Tensor, K: Tensor, scaled: bool = True) -> Tensor:
    """``S = Q K^T / sqrt d``: a row for every query."""
    (i,), (j,), (a,) = axes("i", str(Q.shape[0])), axes("j", str(K.shape[0])), axes("a", str(Q.shape[1]))
    scale = sp.sqrt(a.size) if scaled else sp.S.One
    return define.let("S", Sum(Q[i, a] * K[j, a], a) / scale, i, j, keep=True)


def _attend(define: Definition, Q: Tensor, K: Tensor, V: Tensor, scaled: bool = True) -> Tensor:
    S = _let_scores(define, Q, K, scaled)
    i, j, c = Index("i", Q.shape[0]), Index("j", K.shape[0]), Index("c", V.shape[1])
    return _averaged(define, S, V, (j, c), (), i)


def _attend_masked(define: Definition, Q: Tensor, K: Tensor, V: Tensor, causal: bool = False) -> Tensor:
    i, j, c = Index("i", Q.shape[0]), Index("j", K.shape[0]), Index("c", V.shape[1])
    M = _mask(define, i, j, causal)
    return _masked_average(define, _let_scores(define, Q, K), M, V, (j, c))


@defines("attention", "Luong, Pham, Manning (2015), equations 7 and 8, the score 'dot'")
def dot_product_attention(define: Definition) -> None:
    """Averages the values with weights that are the softmax of the products of query and keys.

    The scores are not scaled; :func:`attention` divides them by the root of the width.
    """
    _attend(define, *_queries_keys_values(define), scaled=False)


@defines("attention", f"{_VASWANI}, equation 1")
def attention(define: Definition) -> None:
    """Scaled dot-product attention: softmax(Q K^T / sqrt d) V, the softmax over each row.

    d is the width of a query and of a key, d_k in the paper; S is after the division, so that its gradient is
    that of the softmax's own input. Without a mask and for one head.
    """
    _attend(define, *_queries_keys_values(define))


@defines("attention", f"{_CAUSAL}; the mask as an input")
def masked_attention(define: Definition) -> None:
    """Scaled dot-product attention in which a query sees only the keys that a mask leaves it.

    The mask is 1 where a query may see a key, as PyTorch's boolean ``attn_mask`` of
    ``scaled_dot_product_attention`` is (that of ``nn.MultiheadAttention`` is the other way round). Weights of
    masked keys are exactly 0; papers write it as scores of minus infinity. A query with no key left has the
    softmax 0/0, which is an error here; PyTorch returns 0 or NaN there, by version.
    """
    _attend_masked(define, *_queries_keys_values(define))


@defines("attention", _CAUSAL)
def causal_attention(define: Definition) -> None:
    """Scaled dot-product attention in which a query sees its own key and those before it, none after.

    M_ij is 1 where j <= i: as many keys as queries.
    """
    _attend_masked(define, *_queries_keys_values(define, keys="n"), causal=True)


@defines("attention", "Luong, Pham, Manning (2015), equations 7 and 8, the score 'dot', one query")
def alignment(define: Definition) -> None:
    """The context vector for one query: states averaged by the softmax of their products with the query.

    The states are keys and values at once: encoder states h_j, and s the decoder's state.
    """
    (j, l), (a,) = axes("j l", "m"), axes("a", "d")
    s = define.input("s", a, meaning="the query, a decoder's state")
    h = define.input("h", j, a, meaning="the states that are looked at, one in each row")
    e = define.let("e", Sum(s[a] * h[j, a], a), j, keep=True)
    Z = let_partition(define, e, l)
    alpha = define.let("alpha", share(e, Z, j), j)
    define.let("c", Sum(alpha[j] * h[j, a], j), a)


@defines("attention", "Bahdanau, Cho, Bengio (2015), section 3.1 and appendix A.1.2")
def additive_attention(define: Definition) -> None:
    """The context vector for one query, by scores that a small network gives: v^T tanh(W s + U h_j).

    s is the decoder's state and h_j are the encoder's; no biases, as in the paper.
    """
    (j, l), (a,), (b,), (k,) = axes("j l", "m"), axes("a", "d"), axes("b", "d_s"), axes("k", "p")
    s = define.input("s", b, meaning="the query, a decoder's state")
    h = define.input("h", j, a, meaning="the states that are looked at, one in each row")
    W = define.input("W", k, b, meaning="the weights for the query", parameter=True)
    U = define.input("U", k, a, meaning="the weights for the states", parameter=True)
    v = define.input("v", k, meaning="the weights of the hidden units", parameter=True)
    z = define.let("z", Sum(W[k, b] * s[b], b) + Sum(U[k, a] * h[j, a], a), j, k, keep=True)
    t = define.let("t", sp.tanh(z[j, k]), j, k)
    e = define.let("e", Sum(v[k] * t[j, k], k), j, keep=True)
    Z = let_partition(define, e, l)
    alpha = define.let("alpha", share(e, Z, j), j)
    define.let("c", Sum(alpha[j] * h[j, a], j), a)


def _projected(define: Definition, X: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """``Q = X W_Q^T``, and K and V of the memory (of X itself where there is none)."""

    def made(name: str, of: Tensor, row: str, own: Index, meaning: str) -> Tensor:
        i, e = Index(row, of.shape[0]), Index(of.letters[1], of.shape[1])
        W = define.input(f"W_{name}", own, e, meaning=f"the weights that make {meaning}", parameter=True)
        return define.let(name, Sum(of[i, e] * W[own, e], e), i, own, keep=True)

    (a,), (c,), looked_at = axes("a", "d"), axes("c", "d_v"), memory or X
    Q = made("Q", X, "i", a, "queries")
    return Q, made("K", looked_at, "j", a, "keys"), made("V", looked_at, "j", c, "values")


def _sequence(define: Definition) -> Tensor:
    (i,), (e,) = axes("i", "n"), axes("e", "D")
    return define.input("X", i, e, meaning="the sequence, one token in each row")


@defines("attention", f"{_VASWANI}, section 3.2")
def self_attention(define: Definition) -> None:
    """Attention of a sequence to itself: queries, keys and values are its tokens, each projected.

    W_Q has one row for each entry of a query, as a linear layer has: Q = X W_Q^T; the paper's W is its
    transpose.
    """
    _attend(define, *_projected(define, _sequence(define)))


@defines("attention", _CAUSAL)
def causal_self_attention(define: Definition) -> None:
    """Self-attention in which no token sees a later one: what a decoder has."""
    _attend_masked(define, *_projected(define, _sequence(define)), causal=True)


@defines("attention", f"{_CAUSAL}; the mask as an input")
def masked_self_attention(define: Definition) -> None:
    """Self-attention in which a token sees only those that a mask leaves it.

    The mask is 1 where row i may see row j. What holds for a row without any is said at
    :func:`masked_attention`.
    """
    _attend_masked(define, *_projected(define, _sequence(define)))


@defines("attention", f"{_VASWANI}, section 3.2.3, encoder-decoder attention")
def cross_attention(define: Definition) -> None:
    """Queries from one sequence look up keys and values from another."""
    X = _sequence(define)
    (j,), (b,) = axes("j", "m"), axes("b", "D_y")
    Y = define.input("Y", j, b, meaning="the sequence that is looked at, one token in each row")
    _attend(define, *_projected(define, X, Y))


def _per_head(
    define: Definition, Q: Tensor, K: Tensor, V: Tensor, *heads: Index, mask: Access | None = None
) -> Tensor:
    """Attention for every head by itself: Q's first indices say the head, K's and V's may lack the last."""
    *_, queries, width = Q.shape
    i, j, a, c = Index("i", queries), Index("j", K.shape[1]), Index("a", width), Index("c", V.shape[2])
    shared = heads[: K.rank - 2]
    scores = Sum(Q[(*heads, i, a)] * K[(*shared, j, a)], a) / sp.sqrt(width)
    S = define.let("S", scores, *heads, i, j, keep=True)
    if mask is not None:
        return _masked_average(define, S, mask, V, (*shared, j, c), heads)
    return _averaged(define, S, V, (*shared, j, c), heads, i)


def _multi_head(define: Definition, biases: bool = False, masked: bool = False, causal: bool = False) -> None:
    X = _sequence(define)
    (t,), (i, j), (e, o) = axes("t", "h"), axes("i j", "n"), axes("e o", "D")
    (a,), (c,) = axes("a", "d"), axes("c", "d_v")
    made = (("Q", i, a, "queries"), ("K", j, a, "keys"), ("V", j, c, "values"))
    weights, added = {}, {}
    for name, _, own, what in made:
        meaning = f"the weights of each head that make {what}"
        weights[name] = define.input(f"W_{name}", t, own, e, meaning=meaning, parameter=True)
    W_O = define.input("W_O", o, t, c, meaning="the weights that mix the heads", parameter=True)
    if biases:
        for name, _, own, what in (made[0], made[2]):
            meaning = f"the biases of each head's {what}"
            added[name] = define.input(f"b_{name}", t, own, meaning=meaning, parameter=True)
        added["O"] = define.input("b_O", o, meaning="the bias of the mixed heads", parameter=True)
    mask = _mask(define, i, j, causal) if masked or causal else None
    found = []
    for name, row, own, _ in made:
        value = Sum(X[row, e] * weights[name][t, own, e], e)
        value += added[name][t, own] if name in added else 0
        found.append(define.let(name, value, t, row, own, keep=True))
    Q, K, V = found
    per_head = _per_head(define, Q, K, V, t, mask=mask)
    mixed = Sum(per_head[t, i, c] * W_O[o, t, c], t, c)
    define.let("Y", mixed + added["O"][o] if biases else mixed, i, o)
    for n, D, h, d, d_v in ((7, 6, 3, 2, 2), (3, 7, 2, 5, 11), (2, 13, 5, 3, 7)):
        define.trial(n=n, D=D, h=h, d=d, d_v=d_v)


@defines("attention", f"{_VASWANI}, section 3.2.2")
def multi_head_attention(define: Definition) -> None:
    """Self-attention in h heads of width d each, their results mixed by an output matrix; without biases.

    The head is an index of its own (t): W_Q[t, a, e]. PyTorch stacks the heads in the rows of one matrix, row
    t d + a, and takes d = D / h; nothing here needs that.
    """
    _multi_head(define)


@defines("attention", f"{_VASWANI}, section 3.2.2; with biases as PyTorch's MultiheadAttention")
def multi_head_attention_biases(define: Definition) -> None:
    """Self-attention in h heads with biases of queries, values and of what is put out.

    PyTorch has a bias of the keys too. It adds the same to all scores of a query, which no softmax sees: the
    result is the same with any, and its gradient is 0.
    """
    _multi_head(define, biases=True)


@defines("attention", f"{_CAUSAL}; several heads")
def causal_multi_head_attention(define: Definition) -> None:
    """Self-attention in h heads in which no token sees a later one: what a decoder has."""
    _multi_head(define, causal=True)


@defines("attention", f"{_CAUSAL}; several heads, the mask as an input")
def masked_multi_head_attention(define: Definition) -> None:
    """Self-attention in h heads that all see what one mask leaves them; see :func:`masked_attention`."""
    _multi_head(define, masked=True)


@defines("attention", "Ainslie et al. (2023), section 2.2")
def grouped_query_attention(define: Definition) -> None:
    """Attention of many heads of queries in which the r heads of a group share one head of keys and values.

    Head number q r + u of the queries is Q[q, u]. With one group (G = 1) it is multi-query attention, with
    r = 1 every head has keys of its own.
    """
    (q,), (u,), (i,), (j,) = axes("q", "G"), axes("u", "r"), axes("i", "n"), axes("j", "m")
    (a,), (c,) = axes("a", "d"), axes("c", "d_v")
    Q = define.input("Q", q, u, i, a, meaning="the queries: group, head in the group, row, column")
    K = define.input("K", q, j, a, meaning="the keys: group, row, column")
    V = define.input("V", q, j, c, meaning="the values: group, row, column")
    _per_head(define, Q, K, V, q, u)
    for G, r, n, d, m, d_v in ((2, 3, 5, 7, 11, 13), (1, 7, 3, 5, 2, 11), (3, 2, 7, 5, 13, 11)):
        define.trial(G=G, r=r, n=n, d=d, m=m, d_v=d_v)
