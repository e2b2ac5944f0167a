"""Products entry by entry."""

from __future__ import annotations

from derive.ops.definition import Definition, defines


@defines("gating", "Hu, Shen, Sun (2018), equation 4; Dauphin et al. (2017), equation 1")
def product(define: Definition) -> None:
    """One number times another, entry by entry: a gate lets through as much as it is."""
    x = define.input("x", meaning="what is let through")
    f = define.input("f", meaning="the gate, of the same shape")
    define.let("y", x() * f())
