"""Products entry by entry."""

from __future__ import annotations

from derive.execution.registry import Array, backward_rule, forward_rule


@forward_rule("x: ..., f: ... -> ...", analytic=True)
def product(x: Array, f: Array) -> Array:
    """x f."""
    return x * f


@backward_rule(product)
def product_backward(upstream: Array, x: Array, f: Array) -> dict[str, Array]:
    return {"x": upstream * f, "f": upstream * x}
