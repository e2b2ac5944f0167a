"""Local derivatives in the names of a graph's nodes, as LaTeX and as plain text.

A derivative with two cases is written as one line: ``1[z >= w]`` is 1 where the condition holds and 0
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter


def _indicator(cases: sp.Piecewise) -> sp.Basic | None:
    """The condition c if the cases say "1 if c, else 0"; None if they say something else."""
    if len(cases.args) != 2 or cases.args[1].cond != sp.true:
        return None
    (first, condition), (second, _) = cases.args
    if (first, second) == (1, 0):
        return condition
    return sp.Not(condition) if (first, second) == (0, 1) else None


class _Latex(LatexPrinter):
    def _print_Piecewise(self, expr: sp.Piecewise) -> str:  # noqa: N802  (SymPy's name)
        condition = _indicator(expr)
        if condition is None:
            return str(super()._print_Piecewise(expr))
        return f"\\mathbf{{1}}[{self._print(condition)}]"

    def _print_sign(self, expr: sp.Expr, exp: str | None = None) -> str:
        return f"\\mathrm{{sign}}({self._print(expr.args[0])})"


class _Text(StrPrinter):
    def __init__(self, names: Mapping[sp.Symbol, str]) -> None:
        super().__init__()
        self._names = names

    def _print_Symbol(self, expr: sp.Symbol) -> str:  # noqa: N802  (SymPy's name)
        return self._names.get(expr, expr.name)

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:  # noqa: N802  (SymPy's name)
        return str(super()._print_Pow(expr, rational)).replace("**", "^")

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:  # noqa: N802  (SymPy's name)
        condition = _indicator(expr)
        return str(expr) if condition is None else f"1[{self._print(condition)}]"


def latex_of(formula: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
    """LaTeX of a formula whose symbols have these names.

    >>> a, b = sp.symbols("a b", real=True)
    >>> latex_of(sp.Piecewise((1, a >= b), (0, True)), {a: "z", b: "w_{1}"})
    '\\\\mathbf{1}[z \\\\geq w_{1}]'
    """
    return str(_Latex({"symbol_names": dict(names), "ln_notation": False}).doprint(formula))


def text_of(formula: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
    """Plain text of a formula whose symbols have these names.

    >>> a = sp.Symbol("a", real=True)
    >>> text_of(3 * a**2, {a: "f_1"})
    '3*f_1^2'
    """
    return str(_Text(names).doprint(formula))
