"""Phrases in which formulas stand: the name of a rule, what a fact says."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from derive.tensor.printing import Printer


class Words(str):
    """A phrase; as a string it is plain text, and it can also be set in LaTeX.

    >>> from derive.tensor.nodes import Tensor
    >>> phrase = Words.of("the entries of {} sum to {}", Tensor("y", latex=r"\\\\hat{y}"), 1)
    >>> phrase, phrase.latex
    ('the entries of y sum to 1', 'the entries of $\\\\\\\\hat{y}$ sum to $1$')
    """

    latex: str

    @classmethod
    def of(cls, template: str, *about: sp.Basic | int) -> Words:
        """The template with formulas in its braces."""
        text, latex = Printer("text"), Printer("latex")
        self = cls(template.format(*(text(sp.sympify(one)) for one in about)))
        self.latex = template.format(*(f"${latex(sp.sympify(one))}$" for one in about))
        return self

    @classmethod
    def join(cls, phrases: Iterable[str]) -> Words:
        """Phrases one after the other."""
        phrases = list(phrases)
        self = cls("; ".join(phrases))
        self.latex = "; ".join(in_latex(one) for one in phrases)
        return self


def in_latex(phrase: str) -> str:
    """A phrase for LaTeX text, its formulas between dollar signs."""
    return phrase.latex if isinstance(phrase, Words) else phrase
