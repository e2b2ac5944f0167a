"""A proof by induction as text, as LaTeX and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from derive.derivation.induction import Case, Line, Proof, Recurrence, Side, k
from derive.tensor.nodes import Tensor
from derive.tensor.printing import Printer, symbol_latex, symbol_text

NOTE = {
    "proved": "This proves it for all k.",
    "refuted": "It is not true",
    "undecided": "The two sides could not be brought to the same form: this is no proof.",
}


class _Terms:
    """Prints expressions in which the sequences' symbols stand for their terms at some index."""

    def __init__(self, proof: Proof, style: str) -> None:
        self.proof = proof
        self.printer = Printer(style)  # type: ignore[arg-type]
        self.is_latex = style == "latex"

    def __call__(self, expression: sp.Expr, at: str = "k") -> str:
        names: dict[sp.Basic, sp.Expr] = {}
        for one in self.proof.theorem.sequences:
            names[one.symbol] = self._named(self._term(one, at))
        for symbol in self.proof.theorem.driven:
            names[symbol] = self._named(self._indexed(symbol.name, "k"))
        for data in expression.atoms(AppliedUndef):
            names[data] = self._named(self._indexed(data.func.__name__, self.printer(data.args[0])))
        return self.printer(expression.xreplace(names))

    @staticmethod
    def _named(printed: str) -> sp.Expr:
        return Tensor(f"term {printed}", latex=printed, text=printed)()

    def _term(self, one: Recurrence, at: str) -> str:
        form = one.latex if self.is_latex else one.text
        if form:
            return form.format(at if self.is_latex or len(at) == 1 else f"({at})")
        return self._indexed(one.symbol.name, at)

    def _indexed(self, name: str, at: str) -> str:
        if self.is_latex:
            return f"{{{symbol_latex(name)}}}_{{{at}}}"
        return f"{symbol_text(name)}_{at if len(at) == 1 else f'({at})'}"

    def sum(self, one: Recurrence, at: str) -> str:
        assert one.summand is not None
        summand, i = one.summand
        shifted = self(summand.subs(k, sp.Symbol(at)) if at == "k" else summand.subs(k, k + 1))
        if self.is_latex:
            return rf"\sum_{{{i}=1}}^{{{at}}} {shifted}"
        return f"Σ_({i}=1..{at}) {shifted}"

    def chain(self, side: Side, at: str) -> Iterator[tuple[str, str]]:
        """(formula, rule) for what a side is and everything that it comes to."""
        what = side.what.subs(k, k + 1) if at == "k+1" else side.what.subs(k, self.proof.theorem.first)
        seen = self(what, at)
        yield seen, ""
        for line in side.lines:
            printed = self(line.value, "k")
            if printed != seen:
                yield printed, line.rule
            seen = printed


def _claims(terms: _Terms, at: str = "k") -> list[str]:
    return [f"{terms(one.left, at)} = {terms(one.right, at)}" for one in terms.proof.theorem.claims]


def _definitions(terms: _Terms) -> list[str]:
    first = str(terms.proof.theorem.first)
    lines = []
    for one in terms.proof.theorem.sequences:
        if one.summand is not None:
            lines.append(f"{terms(one.symbol)} = {terms.sum(one, 'k')}")
        if one.start != sp.Symbol(f"{one.symbol.name}_{first}"):
            lines.append(f"{terms(one.symbol, first)} = {terms(one.start)}")
        lines.append(f"{terms(one.symbol, 'k+1')} = {terms(one.following)}")
    return lines


def _ending(proof: Proof) -> str:
    return f"{NOTE[proof.verdict]} {proof.witness}." if proof.witness else NOTE[proof.verdict]


def as_text(proof: Proof) -> str:
    """Recurrences, claim, first step, hypothesis, step from k to k + 1."""
    terms = _Terms(proof, "text")
    theorem = proof.theorem
    lines = [theorem.title, "", "Given"] if theorem.title else ["Given"]
    lines += [f"  {one}" for one in _definitions(terms)]
    lines += [f"  ({one})" for one in theorem.remarks]
    lines += ["", f"Claim, for k = {theorem.first}, {theorem.first + 1}, ..."]
    lines += [f"  {one}" for one in _claims(terms)]
    lines += ["", f"First step, k = {theorem.first}"]
    for case in proof.base:
        lines += _case_text(terms, case, str(theorem.first))
    lines += ["", "Hypothesis: for some k the claim is true", *(f"  {one}" for one in _claims(terms))]
    lines += ["", "Step from k to k + 1"]
    for case in proof.step:
        lines += _case_text(terms, case, "k+1")
    return "\n".join([*lines, "", _ending(proof)])


def _case_text(terms: _Terms, case: Case, at: str) -> list[str]:
    rows: list[tuple[str, str]] = []
    for side in (case.left, case.right):
        (what, _), *rest = terms.chain(side, at)
        rows.append((f"  {what}", ""))
        rows += [(f"    = {printed}", rule) for printed, rule in rest]
    width = max(len(row) for row, _ in rows)
    lines = [f"{row.ljust(width)}   {rule}".rstrip() for row, rule in rows]
    return [*lines, "  both sides are the same" if case.equal else "  the sides are not the same"]


def as_latex(proof: Proof) -> str:
    """The same for amsmath."""
    terms = _Terms(proof, "latex")
    theorem = proof.theorem
    first = str(theorem.first)
    pieces = [f"\\paragraph{{{theorem.title or 'Claim'}.}}", "Given", _aligned(_definitions(terms))]
    pieces += ["Claim:", _aligned(_claims(terms)), f"First step, $k = {first}$:"]
    pieces += [_case_latex(terms, case, first) for case in proof.base]
    pieces += ["Suppose that it is true for some $k$. Then for $k + 1$:"]
    pieces += [_case_latex(terms, case, "k+1") for case in proof.step]
    return "\n\n".join([*pieces, _ending(proof)])


def _case_latex(terms: _Terms, case: Case, at: str) -> str:
    lines = []
    for side in (case.left, case.right):
        (what, _), *rest = terms.chain(side, at)
        lines.append(what if not rest else "")
        for number, (printed, rule) in enumerate(rest):
            lead = what if number == 0 else ""
            lines.append(f"{lead} &= {printed} && \\text{{{rule}}}")
    return _aligned([line for line in lines if line])


def _aligned(lines: list[str]) -> str:
    rows = " \\\\\n".join(one if "&" in one else one.replace(" = ", " &= ", 1) for one in lines)
    return f"\\begin{{align*}}\n{rows}\n\\end{{align*}}"


def as_dict(proof: Proof) -> dict[str, Any]:
    """Plain data for JSON."""
    latex, text = _Terms(proof, "latex"), _Terms(proof, "text")

    def line(one: Line) -> dict[str, str]:
        return {"latex": latex(one.value), "text": text(one.value), "rule": one.rule}

    def case(one: Case) -> dict[str, Any]:
        return {
            "left": [line(each) for each in one.left.lines],
            "right": [line(each) for each in one.right.lines],
            "equal": one.equal,
        }

    return {
        "title": proof.theorem.title,
        "verdict": proof.verdict,
        "witness": proof.witness or None,
        "claims": [{"latex": a, "text": b} for a, b in zip(_claims(latex), _claims(text), strict=True)],
        "given": [
            {"latex": a, "text": b} for a, b in zip(_definitions(latex), _definitions(text), strict=True)
        ],
        "remarks": list(proof.theorem.remarks),
        "base": [case(one) for one in proof.base],
        "step": [case(one) for one in proof.step],
    }
