"""The derivation of an initialisation as text, LaTeX and plain data."""

from __future__ import annotations

from typing import Any

import sympy as sp

from derive.derivation.initialisation import Condition, Initialisation, n_in, n_out
from derive.rendering.numbers import short
from derive.tensor.printing import Printer

Sizes = dict[sp.Symbol, int]


def sizes_of(fan_in: int | None, fan_out: int | None) -> Sizes:
    """The numbers of inputs and outputs of the layer, as far as they are given."""
    return {symbol: size for symbol, size in ((n_in, fan_in), (n_out, fan_out)) if size is not None}


def _numbers(variance: sp.Expr, sizes: Sizes) -> sp.Expr | None:
    value = variance.xreplace({symbol: sp.Integer(size) for symbol, size in sizes.items()})
    return value if value.is_number else None


def _asked(one: Initialisation) -> list[tuple[str, sp.Expr]]:
    return [
        ("forwards", one.forward.variance),
        ("backwards", one.backward.variance),
        ("between both (the two conditions averaged)", one.compromise),
    ]


def as_text(one: Initialisation, sizes: Sizes) -> str:
    """Both chains with their rules, and what they ask of the weights."""
    printer = Printer("text")
    moments = one.moments
    lines = [
        f"Initial weights behind {one.activation}",
        "",
        "Weights independent with mean 0, biases 0.",
        f"  E[φ(x)^2] = {_times(printer, moments.square, 'Var[x]')}",
        f"  E[φ'(x)^2] = {printer(moments.slope_square)}",
        f"  ({moments.how})",
    ]
    for condition in (one.forward, one.backward):
        lines += ["", condition.title, *_chain(printer, condition)]
        lines.append(f"  the variance stays the same for Var[W] = {printer(condition.variance)}")
    lines += ["", "Variance of the weights"]
    for name, variance in _asked(one):
        value = _numbers(variance, sizes)
        lines.append(
            f"  {name}: Var[W] = {printer(variance)}" + ("" if value is None else _in_numbers(value))
        )
    lines.append("  Drawn evenly from [-a, a] the variance is a^2/3, so that a = sqrt(3 Var[W]).")
    return "\n".join(lines)


def _in_numbers(value: sp.Expr) -> str:
    """The variance, the standard deviation, the bound of the even distribution."""
    deviation, bound = sp.sqrt(value), Initialisation.bound(value)
    return f" = {short(value)}: standard deviation {short(deviation)}, a = {short(bound)}"


def _times(printer: Printer, factor: sp.Expr, name: str) -> str:
    return name if factor == 1 else f"{printer(factor)} {name}"


def _chain(printer: Printer, condition: Condition) -> list[str]:
    rows: list[tuple[str, str]] = []
    left = None
    for line in condition.lines:
        shown = printer(line.left)
        rows.append(
            (f"  {'' if shown == left else shown}".ljust(10) + f" = {printer(line.right)}", line.rule)
        )
        left = shown
    width = max(len(row) for row, _ in rows)
    return [f"{row.ljust(width)}   {rule}" for row, rule in rows]


def as_latex(one: Initialisation) -> str:
    """The same for amsmath."""
    printer = Printer("latex")
    pieces = []
    for condition in (one.forward, one.backward):
        rows, left = [], None
        for line in condition.lines:
            shown = printer(line.left)
            rows.append(f"{'' if shown == left else shown} &= {printer(line.right)}")
            left = shown
        body = " \\\\\n".join(rows)
        pieces.append(f"\\begin{{align*}}\n{body}\n\\end{{align*}}")
        pieces.append(rf"\[\operatorname{{Var}}[W] = {printer(condition.variance)}\]")
    pieces.append(rf"\[\operatorname{{Var}}[W] = {printer(one.compromise)}\]")
    return "\n\n".join(pieces)


def as_dict(one: Initialisation, sizes: Sizes) -> dict[str, Any]:
    """Plain data for JSON."""
    latex, text = Printer("latex"), Printer("text")

    def formula(expression: sp.Expr) -> dict[str, str]:
        return {"latex": latex(expression), "text": text(expression)}

    def value(variance: sp.Expr) -> float | None:
        number = _numbers(variance, sizes)
        return None if number is None else float(number)

    def condition(which: Condition) -> dict[str, Any]:
        return {
            "title": which.title,
            "steps": [
                {"left": formula(line.left), "right": formula(line.right), "rule": line.rule}
                for line in which.lines
            ],
            "variance": formula(which.variance),
            "value": value(which.variance),
        }

    return {
        "activation": one.activation,
        "moments": {
            "square": float(one.moments.square),
            "slope_square": float(one.moments.slope_square),
            "how": one.moments.how,
        },
        "forward": condition(one.forward),
        "backward": condition(one.backward),
        "compromise": {"variance": formula(one.compromise), "value": value(one.compromise)},
    }
