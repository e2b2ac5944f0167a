"""How long a derivation in general dimension takes, beside SymPy on an instance of fixed size.

Run with ``make bench``. The budget is 100 ms for a derivation once loaded; the ratio is against
SymPy differentiating the same function written out for ten entries, in the same run.
"""

import time

import pytest
import sympy as sp

from derive import ops
from derive.derivation import derive_gradient
from derive.tensor import calculus, simplify

ENTRIES = 10

ROWS = [
    pytest.param(name, given.name, order, id=f"{name}-{given.name}-{order}")
    for name in ops.names()
    for given in ops.operation(name).differentiable
    for order in (1, 2)
    if order == 1 or ops.operation(name).output.rank + 2 * given.tensor.rank <= 2
]


def forget():
    """Drop what the calculus remembers, so that every round derives anew."""
    calculus._knowledge.cache_clear()
    for remembered in (simplify.cost, simplify.factor, simplify._factor_greedily):
        remembered.cache_clear()


@pytest.mark.parametrize(("name", "wrt", "order"), ROWS)
def test_derivation(benchmark, name, wrt, order):
    operation = ops.operation(name)
    benchmark.pedantic(derive_gradient, args=(operation, wrt, order), setup=forget, rounds=3, warmup_rounds=1)


def test_softmax_jacobian_beside_sympy(benchmark):
    x = sp.symbols(f"x0:{ENTRIES}", real=True)
    total = sum(sp.exp(one) for one in x)
    start = time.perf_counter()
    for row in x:
        for column in x:
            sp.simplify(sp.diff(sp.exp(row) / total, column))
    peer = time.perf_counter() - start
    operation = ops.operation("softmax")
    benchmark.pedantic(derive_gradient, args=(operation, "x"), setup=forget, rounds=5, warmup_rounds=1)
    print(f"\nsoftmax Jacobian, any size / SymPy for {ENTRIES} entries: {benchmark.stats['mean'] / peer:.4f}")
