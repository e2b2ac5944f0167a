"""The working of a count: the sum that a student writes, the formula behind it, and why it is what it is.

A formula is the definition's own (``C O k_h k_w + O`` for the parameters of a convolution); the substituted
sum is that formula with the layer's numbers, term by term; the reason is the formula divided by the number of
outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from derive.counting.formulas import Size, simplest
from derive.counting.layers import ACTIVATION, WEIGHTED, Use
from derive.counting.network import NetworkCount, Row
from derive.counting.operation_formulas import formulas_of
from derive.graphs.network import NetworkError
from derive.tensor.index import size
from derive.tensor.printing import Printer

SHOWN = ("parameters", "multiplications", "additions", "activation_evaluations", "comparisons")


@dataclass(frozen=True)
class Step:
    """One operation's part of one count.

    Parameters
    ----------
    formula: in the definition's sizes; expression and sizes are what the substituted sum is made from.
    times: how many of it there are, if not one (groups, steps, directions).
    value: what it comes to.
    """

    formula: sp.Expr
    sizes: dict[str, Size]
    times: Size
    value: Size

    def substituted(self, style: str = "latex") -> str:
        """The formula with numbers: ``3^2 \\cdot 256 \\cdot 192 + 192``."""
        inside = substituted(self.formula, self.sizes, style)
        if self.times == 1:
            return inside
        dot = r" \cdot " if style == "latex" else "*"
        sum_inside = self.formula.is_Add
        return f"{_number(self.times, style)}{dot}{f'({inside})' if sum_inside else inside}"

    def formula_text(self, style: str = "latex") -> str:
        """The formula in letters, in the order in which it is filled in: ``k^2 C O + O``."""
        formula, sizes = _square(self.formula, self.sizes)
        if sizes.get("N") == 1:  # nobody writes a batch of one
            formula = formula.xreplace({s: sp.S.One for s in formula.free_symbols if s.name == "N"})
        letters: dict[str, Size] = {s.name: s for s in formula.free_symbols}
        inside = substituted(formula, letters, style, between=" ")
        if self.times == 1:
            return inside
        dot = r" \cdot " if style == "latex" else "*"
        return f"{_number(self.times, style)}{dot}{f'({inside})' if formula.is_Add else inside}"


@dataclass(frozen=True)
class LayerWorking:
    """The working of one layer for one quantity."""

    row: Row
    quantity: str
    steps: tuple[Step, ...]
    value: Size

    def substituted(self, style: str = "latex") -> str:
        """The layer's sum, term by term."""
        return " + ".join(step.substituted(style) for step in self.steps)


def working(count: NetworkCount, quantity: str) -> tuple[LayerWorking, ...]:
    """How every layer comes to its share of a quantity; layers without any are left out.

    >>> from derive.counting.describe import network_from_text
    >>> from derive.counting.network import count_network
    >>> count = count_network(network_from_text("Conv2d(256, 192, 3, padding=1)"), [(256, 32, 32)])
    >>> working(count, "parameters")[0].substituted("text")
    '3^2*256*192 + 192'
    """
    found = []
    for row in count.rows:
        if row.counts[quantity] == 0:
            continue
        steps = tuple(step for use in row.uses if (step := _step(use, quantity, row)) is not None)
        found.append(LayerWorking(row, quantity, steps, row.counts[quantity]))
    return tuple(found)


def _step(use: Use, quantity: str, row: Row) -> Step | None:
    sizes = dict(use.sizes)
    if quantity == "parameters":
        own = (
            [Step(sp.sympify(use.own_parameters), {}, 1, use.own_parameters)]
            if use.own_parameters != 0
            else []
        )
        if not use.operation or use.copies == 0:
            return own[0] if own else None
        formulas = formulas_of(use.operation, use.absent)
        terms = [formulas.parameters[name].expression for name in formulas.parameters]
        terms += [formulas.parameters[name].expression for name in use.twice]
        formula, times = sp.Add(*terms), simplest(use.copies * row.node.copies)
    elif quantity == "activation_evaluations" and use.role == ACTIVATION:
        names = _AXES.get(len(row.placed.shape), [f"n_{k}" for k in range(len(row.placed.shape))])
        sizes = dict(zip(names, row.placed.shape, strict=True))
        formula, times = sp.Mul(*map(size, names)), row.node.runs
    elif use.operation:
        formulas = formulas_of(use.operation, use.absent)
        name = "function_evaluations" if quantity == "activation_evaluations" else quantity
        part = formulas.multiply_adds if name == "multiply_adds" else formulas.counts[name]
        formula, times = part.expression, simplest(use.calls * row.node.runs)
    else:
        return None
    if formula == 0:
        return None
    value = formulas_value(formula, sizes)
    return Step(formula, sizes, times, simplest(value * times))


_AXES = {2: ["N", "n"], 3: ["N", "T", "n"], 4: ["N", "C", "H_out", "W_out"]}
"""Names for the axes of what an activation works on, by how many there are."""


def size_step(row: Row) -> tuple[sp.Expr, dict[str, Size]]:
    """The definition's formula for the places that a layer puts out along its last axis, and its numbers."""
    for use in row.uses:
        if not use.operation:
            continue
        formulas = formulas_of(use.operation, use.absent)
        if formulas.derived:
            name = list(formulas.derived)[-1]
            known = {**{"s": 1, "p": 0, "d": 1, "q": 0}, **dict(use.sizes), **row.placed.settings}
            formula = formulas.derived[name].expression
            if known["d"] == 1:  # without dilation nobody writes it
                formula = formula.xreplace({s: sp.S.One for s in formula.free_symbols if s.name == "d"})
            return formula, known
    raise NetworkError(f"{row.node.call} has no size that follows from a formula")


def size_formula(row: Row) -> str:
    """The size of a layer's output with the numbers put in, nothing worked out."""
    formula, known = size_step(row)
    return str(Printer("latex")(_written_in(formula, known)))


def _written_in(formula: sp.Expr, known: dict[str, Size]) -> sp.Expr:
    """Numbers as names, so that nothing is worked out."""
    names = {s: sp.Symbol(str(known[s.name]), integer=True, nonnegative=True) for s in formula.free_symbols}
    return formula.xreplace(names)


def formulas_value(formula: sp.Expr, sizes: dict[str, Size]) -> Size:
    """A formula at sizes."""
    return simplest(formula.xreplace({s: sp.sympify(sizes[s.name]) for s in formula.free_symbols}))


def reasons(row: Row, quantity: str = "", style: str = "text") -> tuple[str, ...]:
    """Why the layer takes so many operations: what one of its outputs needs, read off the formulas.

    Of ``multiplications`` or ``additions`` alone if that is the quantity; in ``latex`` as one formula.

    >>> from derive.counting.describe import network_from_text
    >>> from derive.counting.network import count_network
    >>> count = count_network(network_from_text("Conv2d(256, 192, 3, padding=1)"), [(256, 32, 32)])
    >>> reasons(count.rows[0])
    ('each of its 192*32^2 outputs needs C*k^2 = 3^2*256 products, C*k^2 - 1 sums, and 1 for the bias',)
    """
    found = []
    for use in row.uses:
        if use.role != WEIGHTED or not use.operation:
            continue
        formulas = formulas_of(use.operation, use.absent)
        sizes = dict(use.sizes)
        entries = formulas.output_entries.expression
        products = sp.cancel(formulas.counts["multiplications"].expression / entries)
        bias = sp.cancel(formulas.bias_additions.expression / entries)
        sums = sp.cancel(formulas.counts["additions"].expression / entries) - bias
        if not products.is_polynomial() or products.free_symbols & entries.free_symbols - {sp.Symbol("N")}:
            continue
        square, sizes = _square(products, sizes)
        square_sums, _ = _square(sums, sizes)
        entries = _without_batch(entries, sizes)
        words = r"\text{{{}}}".format if style == "latex" else "{}".format
        plain = Printer("latex") if style == "latex" else _plain
        each = words("each of its ") + substituted(entries, sizes, style) + words(" outputs needs ")
        number = substituted(products, dict(use.sizes), style)
        of_products = f"{plain(square)} = {number}{words(' products')}"
        of_sums = f"{plain(square_sums)}{words(' sums')}"
        if bias != 0:
            of_sums += f"{words(', and ')}{plain(bias)}{words(' for the bias')}"
        both = f"{of_products}{words(', ')}{of_sums}"
        found.append(each + {"multiplications": of_products, "additions": of_sums}.get(quantity, both))
    return tuple(dict.fromkeys(found))


def _plain(formula: sp.Expr) -> str:
    return str(formula).replace("**", "^")


def _without_batch(formula: sp.Expr, sizes: dict[str, Size]) -> sp.Expr:
    batch = next((s for s in formula.free_symbols if s.name == "N" and sizes.get("N") == 1), None)
    return formula.xreplace({batch: sp.S.One}) if batch is not None else formula


def _square(formula: sp.Expr, sizes: dict[str, Size]) -> tuple[sp.Expr, dict[str, Size]]:
    """One letter for the kernel where it is square."""
    kernels = [s for s in formula.free_symbols if s.name in ("k_h", "k_w", "k_d")]
    if len({sizes[s.name] for s in kernels}) != 1:
        return formula, sizes
    k = sp.Symbol("k", integer=True, positive=True)
    return formula.xreplace(dict.fromkeys(kernels, k)), {**sizes, "k": sizes[kernels[0].name]}


# -- printing a formula with numbers in it

_FAMILIES = (("k_d", "k_h", "k_w", "k"), ("D_out", "H_out", "W_out"), ("D_in", "H_in", "W_in", "H", "W"))
_ORDER = ("k", "k_d", "k_h", "k_w", "C", "n", "d", "O", "m", "G", "r", "D_out", "H_out", "W_out")


def substituted(
    formula: sp.Expr, sizes: dict[str, Size], style: str = "latex", between: str | None = None
) -> str:
    """A formula with numbers in place of letters and nothing multiplied out.

    ``between`` stands between factors; a dot or ``*`` if nothing is said.

    >>> k, C, O = sp.symbols("k C O")
    >>> substituted(k**2 * C * O + O, {"k": 3, "C": 256, "O": 192}, "text")
    '3^2*256*192 + 192'
    """
    terms = sp.Add.make_args(formula)
    ordered = sorted(terms, key=lambda term: (-len(term.free_symbols), str(term)))
    text = ""
    for term in ordered:
        coefficient, rest = term.as_coeff_Mul()
        piece = _product(abs(coefficient), rest, sizes, style, between)
        sign = "-" if coefficient.is_negative else "+"
        text = f"{text} {sign} {piece}" if text else ("-" * (sign == "-") + piece)
    return text


def _product(
    coefficient: sp.Expr, rest: sp.Expr, sizes: dict[str, Size], style: str, between: str | None
) -> str:
    powers: list[tuple[str, Size, int]] = []
    others: list[str] = []
    for factor in sp.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if base.is_Symbol and base.name in sizes and exponent.is_Integer:
            powers.append((base.name, sizes[base.name], int(exponent)))
        elif factor != 1:
            values = {s: sp.sympify(sizes[s.name]) for s in factor.free_symbols if s.name in sizes}
            others.append(Printer(style)(factor.xreplace(values)))  # type: ignore[arg-type]
    powers.sort(key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER))
    merged: list[tuple[str, Size, int]] = []
    for name, value, exponent in powers:
        if merged and merged[-1][1] == value and _kin(merged[-1][0], name):
            merged[-1] = (merged[-1][0], value, merged[-1][2] + exponent)
        elif not (name in ("N", "B") and value == 1):
            merged.append((name, value, exponent))
    if coefficient == 1 and not others and len(merged) == 1 and merged[0][2] == 1:
        value = merged[0][1]
        alone = str(value) if isinstance(value, int) else str(Printer(style)(value))  # type: ignore[arg-type]
        return f"({alone})" if isinstance(value, sp.Add) else alone
    pieces = [_number(simplest(coefficient), style)] if coefficient != 1 else []
    pieces += [_power(value, exponent, style) for _, value, exponent in merged] + others
    times = r" \cdot " if style == "latex" else "*"
    return (times if between is None else between).join(pieces) or "1"


def _kin(left: str, right: str) -> bool:
    return any(left in family and right in family for family in _FAMILIES)


def _power(value: Size, exponent: int, style: str) -> str:
    base = _number(value, style)
    if exponent == 1:
        return base
    return f"{base}^{{{exponent}}}" if style == "latex" and exponent > 9 else f"{base}^{exponent}"


def _number(value: Any, style: str) -> str:
    """A value as a factor: what is no single number or letter stands in brackets."""
    if isinstance(value, int):
        return str(value)
    text = str(Printer(style)(value))  # type: ignore[arg-type]
    return text if value.is_Symbol or value.is_Integer else f"({text})"


def sum_of(lines: Sequence[LayerWorking], style: str = "latex") -> str:
    """The whole sum as a student writes it, each layer's share in brackets."""
    shares = [line.substituted(style) for line in lines]
    if len(shares) == 1:
        return shares[0]
    return " + ".join(f"({one})" if " + " in one or " - " in one else one for one in shares if one)


def quantities(count: NetworkCount, wanted: Iterable[str] = SHOWN) -> tuple[str, ...]:
    """Those quantities that the network has any of."""
    return tuple(name for name in wanted if count.totals[name] != 0)
