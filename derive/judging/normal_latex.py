r"""Normal forms as LaTeX, so that a proof can show what both sides become."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from derive.judging.normal import ONE, Mono, Poly, Ratio
from derive.judging.trees import substitute
from derive.reading import to_latex
from derive.reading.tree import Name, Tree

if TYPE_CHECKING:
    from derive.judging.proof import Normaliser

_CALLS = {"sin", "cos", "arctan", "arcsin", "arccos"}
_MOST_TERMS = 12
_LONGEST = 200  # characters; a longer normal form explains nothing


class _Unshown(Exception):  # noqa: N818 - there is no error, only nothing to show
    """An atom that has no LaTeX of its own."""


def shown(made: Normaliser, x: Ratio) -> str | None:
    """The normal form of a scalar; None if an atom of it cannot be written, or it is too long to help."""
    if len(x.top) + len(x.bottom) > _MOST_TERMS:
        return None
    try:
        text = without_marks(_Writer(made).ratio(x))
    except _Unshown:
        return None
    return text if len(text) <= _LONGEST else None


def without_marks(text: str) -> str:
    r"""LaTeX without the numbers that keep bound letters apart.

    >>> without_marks(r"x_{\text{j\#0}}")
    'x_{j}'
    """
    text = re.sub(r"\\(?:text|mathrm|operatorname)\{(\w+)\\?#\d+\}", r"\1", text)
    return re.sub(r"\\?#\d+", "", text)


class _Writer:
    def __init__(self, made: Normaliser) -> None:
        self.made, self.atoms = made, made.algebra.atoms

    def ratio(self, x: Ratio) -> str:
        top = self.poly(x.top)
        return top if x.bottom == {ONE: Fraction(1)} else rf"\frac{{{top}}}{{{self.poly(x.bottom)}}}"

    def poly(self, p: Poly) -> str:
        if not p:
            return "0"
        # what is positive first, then as it was met
        terms = sorted(p.items(), key=lambda item: (item[1] < 0, item[0]))
        text = ""
        for mono, c in terms:
            sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
            text += sign + self.term(mono, abs(c))
        return text

    def term(self, mono: Mono, c: Fraction) -> str:
        above, below = self._split(mono)
        up = ([str(c.numerator)] if c.numerator != 1 or not above else []) + above
        down = ([str(c.denominator)] if c.denominator != 1 else []) + below
        return rf"\frac{{{' '.join(up)}}}{{{' '.join(down)}}}" if down else " ".join(up)

    def _split(self, mono: Mono) -> tuple[list[str], list[str]]:
        above: list[str] = []
        below: list[str] = []
        exponents = []
        for atom, e in mono:
            row = self.atoms[atom]
            if row.kind == "exp" and row.inside is not None:
                exponents.append(self.made.algebra.multiply(self.made.algebra.number(e), row.inside))
                continue
            (above if e > 0 else below).append(self.power(atom, abs(e)))
        if exponents:
            total = exponents[0]
            for more in exponents[1:]:
                total = self.made.algebra.add(total, more)
            above.append(f"e^{{{self.ratio(total)}}}")
        return above, below

    def power(self, atom: int, e: Fraction) -> str:
        row = self.atoms[atom]
        if row.kind == "root" and row.inside is not None:
            inside = self.ratio(row.inside)
            return rf"\sqrt{{{inside}}}" if e == Fraction(1, 2) else rf"\left({inside}\right)^{{{e}}}"
        base = self.atom(atom)
        return base if e == 1 else rf"\left({base}\right)^{{{e}}}" if " " in base else f"{base}^{{{e}}}"

    def atom(self, k: int) -> str:
        row, tree = self.atoms[k], self.made.trees.get(k)
        if tree is not None:
            return self._named(tree)
        if row.inside is not None and row.kind == "abs":
            return rf"\left|{self.ratio(row.inside)}\right|"
        if row.inside is not None and (row.kind == "log" or row.kind in _CALLS):
            return rf"\{row.kind}\left({self.ratio(row.inside)}\right)"
        if row.kind == "sum":
            return self._sum(row.key)
        written = self.made.written(k)
        if written is None:
            raise _Unshown
        return written

    def _named(self, tree: Tree) -> str:
        if self.made.letters:
            tree = substitute(tree, {Name(f"#{k}"): letter for k, letter in self.made.letters.items()})
        return to_latex(tree)

    def _sum(self, key: Any) -> str:
        ends, body, depth = key
        low, high = (None if end is None else self.ratio(_thawed(end)) for end in ends)
        letter = without_marks(to_latex(self.made.letters[depth]))
        inside = self.term(body, Fraction(1)) if _is_mono(body) else self.ratio(_thawed(body))
        below = letter if low is None else f"{letter} = {low}"
        return rf"\sum_{{{below}}}" + ("" if high is None else f"^{{{high}}}") + f" {inside}"


def _is_mono(body: object) -> bool:
    return isinstance(body, tuple) and all(
        isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], int) for p in body
    )


def _thawed(key: Iterable[Any]) -> Ratio:
    top, bottom = key
    return Ratio(dict(top), dict(bottom))
