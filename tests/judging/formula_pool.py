"""Formulas to rewrite and to break: every gradient that the catalogue derives, and a list from course
work.

To derive them takes half a minute, so they are kept in ``derived_formulas.txt``, written by ``python
tests/judging/formula_pool.py``; the exhaustive tests derive them anew.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rewrites import ranges_known

import derive
from derive import ops
from derive.reading import read_statements, to_latex
from derive.reading.tree import Ambiguous, Cases, Hole, Relation, Tree

#: Formulas of numbers, entries and sums: all that is multiplied commutes.
SCALARS = [
    (r"\sigma(x)(1-\sigma(x))", ""),
    (r"\frac{1}{1+e^{-x}}", ""),
    (r"\tanh(a x + b) - c", ""),
    (r"x \sigma(x) + \log(1+e^{x})", ""),
    (r"\frac{e^{z_i}}{\sum_j e^{z_j}}", ""),
    (r"s_i (\delta_{ij} - s_j)", ""),
    (r"-\sum_i y_i \log p_i", "p: positive"),
    (r"\sum_{i=1}^{n} (x_i - \mu)^2", ""),
    (r"\frac{1}{n} \sum_{i=1}^{n} (y_i - w x_i - b)^2", ""),
    (r"-\frac{2}{n} \sum_{i=1}^{n} x_i (y_i - w x_i - b)", ""),
    (r"\frac{x - \mu}{\sqrt{v + \epsilon}} \gamma + \beta", "v > 0; epsilon > 0"),
    (r"\log \sum_k e^{z_k} - z_y", ""),
    (r"\frac{1}{2}(a - y)^2 + \frac{\lambda}{2} w^2", ""),
    (r"-y \log p - (1 - y) \log(1 - p)", "p: in (0,1)"),
    (r"\frac{p - y}{p (1 - p)}", "p: in (0,1)"),
    (r"\sum_j W_{ij} x_j + b_i", ""),
    (r"(a_i - y_i) x_j", ""),
    (r"\sum_k \delta_k W_{ki} \sigma'(z_i)", "delta: vector"),
    (r"\beta m + (1 - \beta) g", ""),
    (r"\frac{m}{1 - b^2}", "b: in (0,1)"),
    (r"w - \eta \frac{m}{\sqrt{v} + \epsilon}", "v > 0; epsilon > 0"),
    (r"k^2 C_i C_o + C_o", "k: natural; C: natural"),
    (r"4 (n m + m^2 + m)", "n: natural; m: natural"),
    (r"\frac{(n + 2p - f)}{s} + 1", "n: natural; p: natural; f: natural; s: natural"),
    (r"\frac{1}{\sqrt{2 \pi v}} e^{-\frac{(x - \mu)^2}{2 v}}", "v > 0"),
    (r"\frac{1}{2}(\mu^2 + v - \log v - 1)", "v > 0"),
    (r"f i + (1 - f) c", "i: real"),
    (r"o \tanh(f c + i g)", "i: real"),
    (r"(1 - z) h + z \tanh(w x + u r h)", ""),
    (r"\sum_{k=1}^{n} a_k r_k - n c", ""),
    (r"\frac{q k}{\sqrt{d}}", "d > 0"),
    (r"\sum_i a_i (u x_i + v)", ""),
    (r"\frac{2 P R}{P + R}", "P > 0; R > 0"),
    (r"\max(0, 1 - t s)", ""),
    (r"\frac{d}{dx} \frac{x}{1 + e^{-x}}", ""),
    (r"\frac{\partial}{\partial w} (y - w x)^2", ""),
]
#: Formulas of vectors and matrices: factors keep their order.
MATRICES = [
    (r"W x + b", "W: mxn; x: n; b: m"),
    (r"(y - X w)^T (y - X w)", "X: Nxd; w: d; y: N"),
    (r"2 X^T (X w - y) + 2 \lambda w", "X: Nxd; w: d; y: N; lambda: real"),
    (r"(X^T X + \lambda I)^{-1} X^T y", "X: Nxd; y: N; lambda > 0"),
    (r"x^T A x + b^T x + c", "A: nxn; x: n; b: n; c: real"),
    (r"(A + A^T) x", "A: nxn; x: n"),
    (r"W_2 (W_1 x + b_1) + b_2", "W_1: hxn; W_2: mxh; x: n; b_1: h; b_2: m"),
    (r"W^T (\delta \odot s)", "W: mxn; delta: m; s: m"),
    (r"\delta x^T + \lambda W", "delta: m; x: n; W: mxn; lambda: real"),
    (r"Q K^T V", "Q: nxd; K: mxd; V: mxk"),
    (r"A (B + C) - B^T A^T", "A: nxn; B: nxn; C: nxn"),
    (r"\mathrm{tr}(A^T B) + \|A x\|^2", "A: mxn; B: mxn; x: n"),
    (r"A B - (C A)^T", "A: nxn; B: nxn; C: nxn"),
    (r"f \odot c + i \odot g", "f: n; c: n; i: n; g: n"),
    (r"D^T D x - 3 D^T y", "D: mxn; x: n; y: m"),
]


KEPT = Path(__file__).with_name("derived_formulas.txt")


def pool(anew: bool = False) -> list[tuple[str, str, bool]]:
    """Every formula with its declarations, and whether it is one of matrices."""
    found = derived() if anew else [(line, "") for line in KEPT.read_text(encoding="utf-8").splitlines()]
    return [
        *((source, declared, False) for source, declared in SCALARS),
        *((source, declared, True) for source, declared in MATRICES),
        *((source, declared, False) for source, declared in found),
    ]


@cache
def derived() -> list[tuple[str, str]]:
    """The gradients in index notation of every operation in the catalogue that the reader reads whole."""
    found = []
    for name in ops.names():
        operation = derive.operation(name)
        for variable in operation.inputs:
            try:
                source = operation.gradient(variable).latex
            except (ValueError, LookupError):
                continue  # not differentiable by this input
            if (
                (tree := whole(source)) is not None
                and ranges_known(tree)
                and 3 < sum(1 for _ in tree.walk()) < 70
            ):
                found.append((source, ""))
    return found


def whole(source: str) -> Tree | None:
    """The formula if it is read in one way and wholly."""
    statements = read_statements(source)
    if len(statements) != 1 or len(statements[0].sides) != 1:
        return None
    tree = statements[0].sides[0].tree
    unclear = any(isinstance(n, (Hole, Ambiguous, Cases)) for n in tree.walk())
    return None if unclear or isinstance(tree, Relation) else tree


__all__ = ["MATRICES", "SCALARS", "pool", "to_latex", "whole"]


if __name__ == "__main__":
    KEPT.write_text("".join(f"{source}\n" for source, _ in derived()), encoding="utf-8")
