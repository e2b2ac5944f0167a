"""A formula as LaTeX (plain amsmath) or as one line of text.

Own printing, because SymPy's reorders products, distributes numbers and knows nothing of bound indices: here
a sum gets the first customary letter that is not in use around it, and a bracket ``[i - j = 0]`` reads
``\\delta_{ij}``.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sympy as sp

from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import (
    Access,
    Apply,
    Argmax,
    Bracket,
    D,
    DerivativeTensor,
    Elementwise,
    IfPositive,
    Inverse,
    LogDet,
    Maximum,
    Reduction,
    Sum,
    Tensor,
    tensors_in,
)
from derive.tensor.program import Program

LETTERS = "ijklpqrtuvwabc"

_TALL = (r"\frac", r"\sum", r"\sqrt", r"\begin")
"""What needs parentheses that grow."""

ADD, MULTIPLY, POWER, ATOM = 1, 2, 3, 4
"""How tightly a printed piece holds together."""

_FUNCTIONS = {"log": r"\log", "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos", "erf": r"\operatorname{erf}"}
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip


def script(sign: str, printed: str) -> str:
    """A subscript or superscript, in braces where it is longer than one sign.

    >>> script("_", "i"), script("^", "10")
    ('_i', '^{10}')
    """
    single = len(printed) == 1 or (printed[0] == "\\" and printed[1:].isalpha())
    return f"{sign}{printed}" if single else f"{sign}{{{printed}}}"


def symbol_latex(name: str) -> str:
    """How a plain name is written in LaTeX.

    >>> symbol_latex("alpha"), symbol_latex("xhat"), symbol_latex("W_xh"), symbol_latex("n_1")
    ('\\\\alpha', '\\\\hat{x}', 'W_{xh}', 'n_1')
    """
    if name.endswith("'"):
        return symbol_latex(name[:-1]) + "'"
    base, _, label = name.partition("_")
    if label:
        label = label if len(label) <= 2 else rf"\mathrm{{{label}}}".replace("_", r"\_")
        return symbol_latex(base) + script("_", label)
    if base in _GREEK:
        return "\\" + ("epsilon" if base == "eps" else base)
    if base.endswith("hat") and len(base) > 3:
        return rf"\hat{{{symbol_latex(base[:-3])}}}"
    return base if len(base) == 1 else rf"\mathrm{{{base}}}"


def symbol_text(name: str) -> str:
    """How a plain name is written without LaTeX.

    >>> symbol_text("alpha"), symbol_text("xhat"), symbol_text("beta_1")
    ('α', 'x̂', 'β_1')
    """
    if name.endswith("'"):
        return symbol_text(name[:-1]) + "'"
    base, _, label = name.partition("_")
    if base.endswith("hat") and len(base) > 3:
        base = unicodedata.normalize("NFC", base[:-3] + "\N{COMBINING CIRCUMFLEX ACCENT}")
    base = _GREEK.get(base, base)
    return f"{base}_{label}" if label else base


@dataclass(frozen=True)
class Printer:
    """Prints expressions in one style.

    ``letters`` are the customary names of indices by size, tried first for bound indices; ``origin`` is what
    the first entry's index is called (the calculus itself counts from 0).
    """

    style: Literal["latex", "text"] = "latex"
    letters: Mapping[sp.Expr, tuple[str, ...]] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()
    names: Mapping[Index, str] = field(default_factory=dict)
    slots: Mapping[sp.Symbol, Any] = field(default_factory=dict)
    origin: int = 0

    @property
    def is_latex(self) -> bool:
        return self.style == "latex"

    def __call__(self, expression: sp.Basic) -> str:
        expression = sp.sympify(expression)
        taken = {self.names.get(index, index.name) for index in free_indices(expression)}
        return replace(self, reserved=self.reserved | taken)._print(expression)[0]

    def piece(self, expression: sp.Basic) -> tuple[str, int]:
        """The printed expression and how tightly it holds together."""
        return self._print(sp.sympify(expression))

    def parenthesise(self, printed: str) -> str:
        if not self.is_latex or not any(sign in printed for sign in _TALL):
            return f"({printed})"
        return rf"\left({printed}\right)"

    def with_slots(self, slots: Mapping[sp.Symbol, Any]) -> Printer:
        """A printer that prints these symbols as the matrices that stand for them."""
        return replace(self, slots={**self.slots, **slots})

    def equation(self, left: sp.Basic, right: sp.Basic) -> str:
        """``left = right``, bound letters on the right apart from the free ones on the left."""
        return f"{self(left)} = {self.beside(left)(right)}"

    def beside(self, left: sp.Basic) -> Printer:
        """The printer for what stands in an equation with ``left``: it keeps off the letters used there."""
        return replace(self, reserved=self.reserved | {index.name for index in free_indices(left)})

    # One method a kind of node; each returns the piece and how tightly it holds together.

    def _print(self, one: sp.Basic) -> tuple[str, int]:
        if isinstance(one, Index):
            return self._index(one), ATOM
        if isinstance(one, Tensor):
            return (one.latex if self.is_latex else one.text), ATOM
        if isinstance(one, Access):
            return self._access(one)
        if isinstance(one, Inverse):
            return self._inverse(one), ATOM
        if isinstance(one, LogDet):
            name = self(one.tensor)
            return (rf"\log \det {name}" if self.is_latex else f"log det {name}"), MULTIPLY
        if isinstance(one, Argmax):
            return self._argmax(one), ATOM
        if isinstance(one, Maximum):
            return self._over(one, r"\max" if self.is_latex else "max")
        if isinstance(one, Sum):
            return self._over(one, r"\sum" if self.is_latex else "Σ")
        if isinstance(one, Bracket):
            return self._bracket(one), ATOM
        if isinstance(one, IfPositive):
            return self._cases(one), ATOM
        if isinstance(one, Apply):
            primes = "'" * one.order
            name = one.function.latex if self.is_latex else one.function.text
            return f"{name}{primes}{self.parenthesise(self(one.argument))}", ATOM
        if isinstance(one, Elementwise):
            return (one.latex if self.is_latex else one.text), ATOM
        if isinstance(one, D):
            return self._derivative(one)
        if isinstance(one, sp.Number) or one in (sp.pi, sp.E):
            return self._number(one)
        if one in self.slots:
            return self.slots[one].write(self)
        if isinstance(one, sp.Symbol):
            return self.symbol(one.name), ATOM
        if isinstance(one, sp.exp):
            return self._exponential(one)
        if isinstance(one, sp.Add):
            content, rest = one.primitive()
            if content != 1:
                return self._multiply(sp.Mul(content, rest, evaluate=False))
            return self._add(one), ADD
        if isinstance(one, sp.Mul):
            return self._multiply(one)
        if isinstance(one, sp.Pow):
            return self._power(one)
        if isinstance(one, sp.Function):
            return self._function(one), ATOM
        if isinstance(one, sp.Max | sp.Min):
            name = type(one).__name__.lower()
            between = ", ".join(map(self, sorted(one.args, key=lambda end: (not end.is_Number, str(end)))))
            return (rf"\{name}\left({between}\right)" if self.is_latex else f"{name}({between})"), ATOM
        raise NotImplementedError(f"no way to print {type(one).__name__}: {one}")

    def symbol(self, name: str) -> str:
        """A size or a hyper-parameter: ``alpha``, ``n``, ``in_features``, ``n_0``."""
        return symbol_latex(name) if self.is_latex else symbol_text(name)

    def _index(self, index: Index) -> str:
        name = self.names.get(index, index.name)
        return self.symbol(name.removeprefix("given "))

    def _access(self, one: Access) -> tuple[str, int]:
        name, _ = self._print(one.tensor)
        if not one.indices:
            return name, ATOM
        pieces = [self(index + self.origin if index.is_Integer else index) for index in one.indices]
        joint = "" if all(len(piece.lstrip("\\")) == 1 for piece in pieces) else ","
        if isinstance(one.tensor, DerivativeTensor):
            return self._derivative_entry(one.tensor, one.indices), MULTIPLY
        if self.is_latex:
            base = rf"\left[{name}\right]" if "_" in name else name
            return base + script("_", joint.join(pieces)), (POWER if "^" in name else ATOM)
        return f"{name}_{joint.join(pieces)}" if not joint else f"{name}[{', '.join(pieces)}]", ATOM

    def _inverse(self, one: Inverse) -> str:
        name = self(one.tensor)
        entry = "".join(map(self, one.indices))
        return rf"\left[{name}^{{-1}}\right]_{{{entry}}}" if self.is_latex else f"[{name}^-1]_{entry}"

    def _derivative_entry(self, tensor: DerivativeTensor, indices: tuple[sp.Expr, ...]) -> str:
        """``dy_i / dx_j``: the indices go with the tensors they belong to."""
        rest = list(indices)

        def entry(part: Tensor) -> str:
            own, rest[:] = rest[: part.rank], rest[part.rank :]
            return self._tight(Access(part, *own), POWER)

        sign = r"\partial " if self.is_latex else "∂"
        order = f"^{len(tensor.below)}" if len(tensor.below) > 1 else ""
        above = f"{sign.strip()}{order}{' ' if self.is_latex else ''}{entry(tensor.above)}"
        below = " ".join(sign + entry(part) for part in tensor.below)
        return rf"\frac{{{above}}}{{{below}}}" if self.is_latex else f"{above}/{below}"

    def _bound(self, one: Reduction) -> Printer:
        """The printer for a reduction's body: its bound indices named."""
        taken = {self.names.get(index, index.name).removeprefix("given ") for index in free_indices(one)}
        taken |= set(self.reserved) | {symbol.name for symbol in one.body.atoms(sp.Symbol)}
        names = dict(self.names)
        read = [index for access in _accesses(one.body) for index in access.indices]
        order = [index for index in read if index in one.bound]
        order += [index for place in read for index in one.bound if place.has(index)]
        for index in dict.fromkeys((*order, *one.bound)):
            candidates = (*self.letters.get(index.size, ()), *LETTERS, *(f"i_{k}" for k in range(99)))
            names[index] = next(letter for letter in candidates if letter not in taken)
            taken.add(names[index])
        return replace(self, names=names, reserved=frozenset(taken))

    def _over(self, one: Reduction, sign: str) -> tuple[str, int]:
        inner = self._bound(one)
        indices = [inner._index(index) for index in one.bound]
        if not isinstance(one, Argmax):  # whose indices stand in the order of the points
            indices.sort()
        body = inner._tight(one.body, MULTIPLY)
        if not self.is_latex:
            return f"{sign}_{','.join(indices)} {body}", MULTIPLY
        return f"{sign}{script('_', ', '.join(indices))} {body}", MULTIPLY

    def _argmax(self, one: Argmax) -> str:
        """``[(u, v) = argmax ...]``."""
        points = ", ".join(map(self, one.points))
        points = f"({points})" if len(one.points) > 1 else points
        place, _ = self._over(one, r"\operatorname*{argmax}" if self.is_latex else "argmax")
        return f"[{points} = {place}]"

    def _tight(self, one: sp.Basic, least: int) -> str:
        printed, level = self._print(one)
        return printed if level >= least else self.parenthesise(printed)

    def _bracket(self, one: Bracket) -> str:
        left, right = self._sides(one.affine)
        pair = (left, right)
        if all(isinstance(side, Index) and not side.name.startswith("given") for side in pair):
            joined = "".join(sorted((self(left), self(right))))
            return rf"\delta_{{{joined}}}" if self.is_latex else f"δ_{joined}"
        if self.origin and right.is_Integer and isinstance(left, Index):
            right += self.origin
        return f"[{self(left)} = {self(right)}]"

    @staticmethod
    def _sides(affine: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        terms = sp.Add.make_args(affine)
        left = [term for term in terms if not term.could_extract_minus_sign()]
        right = [-term for term in terms if term.could_extract_minus_sign()]
        return sp.Add(*left), sp.Add(*right)

    def _cases(self, one: IfPositive) -> str:
        tests, then, otherwise = [self._test(one.args[0])], one.args[1], one.args[2]
        while isinstance(then, IfPositive) and then.args[2] == otherwise:
            tests.append(self._test(then.args[0]))
            then = then.args[1]
        if (then, otherwise) == (1, 0):
            return f"[{', '.join(tests)}]"
        if self.is_latex:
            test = r" \text{ and } ".join(tests)
            rows = rf"{self(then)} & \text{{if }} {test} \\ {self(otherwise)} & \text{{otherwise}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}"
        return f"{{{self(then)} if {' and '.join(tests)}, else {self(otherwise)}}}"

    def _test(self, condition: sp.Expr) -> str:
        """What has to hold for a condition to be positive: ``i > j``."""
        left, right = self._sides(condition)
        sign = ">"
        if condition.is_integer and condition.has(Index) and condition.as_coeff_Add()[0] == 1:
            left, sign = left - 1, r"\ge" if self.is_latex else "≥"
        return f"{self(left)} {sign} {self(right)}"

    def _derivative(self, one: D) -> tuple[str, int]:
        sign = r"\partial" if self.is_latex else "∂"
        space = " " if self.is_latex else ""
        below = f"{sign}{space}{self._tight(one.entry, POWER)}"
        if isinstance(one.body, (Access, sp.exp)):
            above = f"{sign}{space}{self._tight(one.body, POWER)}"
            return (
                (rf"\frac{{{above}}}{{{below}}}", MULTIPLY)
                if self.is_latex
                else (f"{above}/{below}", MULTIPLY)
            )
        operator = rf"\frac{{\partial}}{{{below}}}" if self.is_latex else f"∂/{below} "
        return f"{operator}{self.parenthesise(self(one.body))}", MULTIPLY

    def _number(self, one: sp.Basic) -> tuple[str, int]:
        if one == sp.pi:
            return (r"\pi" if self.is_latex else "π"), ATOM
        if one == sp.E:
            return "e", ATOM
        if one.is_infinite:
            sign = r"\infty" if self.is_latex else "∞"
            return (f"-{sign}", ADD) if one.is_extended_negative else (sign, ATOM)
        if isinstance(one, sp.Rational) and one.q != 1:
            sign = "-" if one < 0 else ""
            if self.is_latex:
                return rf"{sign}\frac{{{abs(one.p)}}}{{{one.q}}}", MULTIPLY
            return f"{sign}{abs(one.p)}/{one.q}", MULTIPLY
        printed = repr(float(one)) if isinstance(one, sp.Float) else str(one)
        return printed, (ADD if printed.startswith("-") else ATOM)

    def _exponential(self, one: sp.Basic) -> tuple[str, int]:
        exponent = self(one.args[0])
        return (f"e^{{{exponent}}}", POWER) if self.is_latex else (f"exp({exponent})", ATOM)

    def _function(self, one: sp.Function) -> str:
        name = one.func.__name__
        argument = ", ".join(self(argument) for argument in one.args)
        if name == "Abs":
            return rf"\left|{argument}\right|" if self.is_latex else f"|{argument}|"
        if name in ("floor", "ceiling"):
            return self._rounded(one.args[0], "floor" if name == "floor" else "ceil")
        if not self.is_latex:
            return f"{name}({argument})"
        return _FUNCTIONS.get(name, rf"\operatorname{{{name}}}") + self.parenthesise(argument)

    def _rounded(self, argument: sp.Expr, sign: str) -> str:
        """``\\lfloor (n - k)/s \\rfloor``, over one denominator."""
        above, below = (_grouped(sp.expand(part)) for part in sp.fraction(sp.together(argument)))
        if self.is_latex:
            inside = self(above) if below == 1 else rf"\frac{{{self(above)}}}{{{self(below)}}}"
            return rf"\left\l{sign} {inside} \right\r{sign}"
        whole = self(above) if below == 1 else f"{self._tight(above, MULTIPLY)}/{self._tight(below, POWER)}"
        return f"{sign}({whole})"

    def _add(self, one: sp.Add) -> str:
        printed = ""
        order = self._term_order if one.has(Access, Sum, Bracket) else self._degree_order
        terms = sorted(one.args, key=order)
        if terms[0].could_extract_minus_sign():  # 1 - p and not -p + 1
            terms.sort(key=lambda term: term.could_extract_minus_sign())
        for term in terms:
            piece, level = self._print(term)
            if not printed:
                printed = piece
            elif piece.startswith("-"):
                printed += f" - {piece[1:].lstrip()}"
            else:
                printed += f" + {self.parenthesise(piece) if level < ADD else piece}"
        return printed

    def _term_order(self, term: sp.Expr) -> tuple[object, ...]:
        """Positive terms first; among them what multiplies weights before what is only added."""
        return (
            term.could_extract_minus_sign(),
            not term.is_Number,
            not term.has(Bracket),
            -sum(tensor.rank for tensor in tensors_in(term)) if term.has(Sum) else 0,
            str(term),
        )

    @staticmethod
    def _degree_order(term: sp.Expr) -> tuple[object, ...]:
        """For a polynomial in sizes and indices: the highest degree first, ``2 i + u - 1``."""
        powers = [one.as_base_exp() for one in sp.Mul.make_args(term)]
        degree = sum(
            exponent if exponent.is_number else 1
            for base, exponent in powers
            if isinstance(base, (sp.Symbol, Index, sp.floor, sp.ceiling, sp.Add))
        )
        # H + 2 p and not 2 p + H, but 2 i + u: a size before what is added to it.
        plain = isinstance(term, sp.Symbol) and term.name[0].isupper()
        return (-degree, term.could_extract_minus_sign(), not plain, str(term))

    def _multiply(self, one: sp.Mul) -> tuple[str, int]:
        coefficient, rest = one.as_coeff_Mul()
        coefficient, rest = self._numbers_in_front(coefficient, rest)
        sign = "-" if coefficient.is_negative else ""
        coefficient = abs(coefficient)
        above, below = [], []
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if exponent.is_number and exponent.is_negative and not isinstance(factor, sp.exp):
                below.append(base**-exponent)
            else:
                above.append(factor)
        if isinstance(coefficient, sp.Rational):
            if coefficient.p != 1:
                above.insert(0, sp.Integer(coefficient.p))
            if coefficient.q != 1:
                below.insert(0, sp.Integer(coefficient.q))
        elif coefficient != 1:
            above.insert(0, coefficient)
        return sign + self._fraction(above, below), (ADD if sign else MULTIPLY)

    @staticmethod
    def _numbers_in_front(coefficient: sp.Expr, rest: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """What all terms of a factor share as a number goes in front: ``2 c (a - b)`` for ``c 2 (a - b)``."""
        factors = []
        for factor in sp.Mul.make_args(rest):
            if isinstance(factor, sp.Add):
                content, factor = factor.primitive()
                coefficient *= content
            factors.append(factor)
        return coefficient, sp.Mul(*factors, evaluate=False) if len(factors) > 1 else factors[0]

    def _fraction(self, above: list[sp.Expr], below: list[sp.Expr]) -> str:
        if not below:
            return self._factors(above)
        long = [
            factor for factor in above if isinstance(factor, (Reduction, sp.Add, IfPositive)) or factor.has(D)
        ]
        short = [factor for factor in above if factor not in long]
        if long and (short or not any(factor.has(Access) for factor in below)):
            # 1/n in front of what would make a tall numerator
            return f"{self._fraction(short, below)} {self._factors(long)}"
        numerator = self._factors(above) if len(above) != 1 else self(above[0])
        denominator = self._factors(below) if len(below) != 1 else self(below[0])
        if self.is_latex:
            return rf"\frac{{{numerator}}}{{{denominator}}}"
        if len(above) == 1:
            numerator = self._tight(above[0], MULTIPLY)
        if len(below) > 1 or self._print(below[0])[1] < POWER:
            denominator = f"({denominator})"
        return f"{numerator}/{denominator}"

    def _factors(self, factors: Iterable[sp.Expr]) -> str:
        ordered = sorted(factors, key=self._factor_order)
        if not ordered:
            return "1"
        pieces = []
        for position, factor in enumerate(ordered):
            piece, level = self._print(factor)
            last = position == len(ordered) - 1
            if level < MULTIPLY or (
                isinstance(factor, (Sum, Maximum, D)) and not last and not self._closed(factor)
            ):
                piece = self.parenthesise(piece)
            pieces.append(piece)
        joined = pieces[0]
        for before, after in itertools.pairwise(pieces):
            joined += self._between(before, after) + after
        return joined

    def _closed(self, factor: sp.Expr) -> bool:
        return isinstance(factor, D) and (self.is_latex or isinstance(factor.body, (Access, sp.exp)))

    def _between(self, before: str, after: str) -> str:
        digits = before[-1].isdigit() and after[0].isdigit()
        return (r" \cdot " if self.is_latex else " * ") if digits else " "

    @staticmethod
    def _factor_order(factor: sp.Expr) -> tuple[object, ...]:
        base, _ = factor.as_base_exp() if not isinstance(factor, sp.exp) else (factor, 1)
        kinds = (
            (base.is_number, 0),
            (isinstance(base, sp.Symbol), 1),
            (isinstance(base, Access), 2),
            (isinstance(base, Bracket), 4),
            (isinstance(base, D), 5),
            (isinstance(base, sp.Add), 6),
            (isinstance(base, Reduction), 7),
        )
        kind = next((kind for holds, kind in kinds if holds), 3)
        text = str(factor)
        # W_ij before x_j, and of two vectors the one with the earlier index: delta_i a_j
        entry = (-base.tensor.rank, str(base.indices)) if isinstance(base, Access) else (0, "")
        return (kind, *entry, text.lower(), text)

    def _power(self, one: sp.Pow) -> tuple[str, int]:
        base, exponent = one.base, one.exp
        if exponent.is_number and exponent.is_negative:
            return self._fraction([], [base**-exponent]), MULTIPLY
        if exponent == sp.Rational(1, 2):
            root = self(base)
            return (rf"\sqrt{{{root}}}" if self.is_latex else f"sqrt({root})"), ATOM
        printed = self._tight(base, ATOM)
        power = self(exponent)
        if self.is_latex:
            return printed + script("^", power), POWER
        return f"{printed}^{power}" if self._print(exponent)[1] == ATOM else f"{printed}^({power})", POWER


def _grouped(total: sp.Expr) -> sp.Expr:
    """``n - d (k - 1)`` for ``n - d k + d``: two terms that share a symbol taken together."""
    for symbol in sorted(total.free_symbols, key=str):
        terms = sp.Add.make_args(total)
        own = [term for term in terms if term.has(symbol)]
        if len(own) == 2 and len(terms) > 2:
            inside = sp.Add(*(term / symbol for term in own))
            if not inside.has(symbol) and inside.is_polynomial():
                rest = sp.Add(*(term for term in terms if term not in own))
                negative = own[0 if own[0] != symbol else 1].could_extract_minus_sign()
                group = -symbol * sp.Add(*(-term / symbol for term in own)) if negative else symbol * inside
                return sp.Add(rest, group, evaluate=False)
    return total


def _accesses(expression: sp.Basic) -> list[Access]:
    """The accesses outside inner sums' own bodies first, so that letters follow the reading order."""
    found = [node for node in sp.preorder_traversal(expression) if isinstance(node, Access)]
    return sorted(found, key=lambda access: (access.tensor.name.lower(), access.tensor.name))


def customary_letters(program: Program) -> dict[sp.Expr, tuple[str, ...]]:
    """By size, the index names that the program's tensors and statements use."""
    found: dict[sp.Expr, dict[str, None]] = {}
    for tensor in program.inputs:
        for extent, letter in zip(tensor.shape, tensor.letters, strict=False):
            found.setdefault(extent, {}).setdefault(letter)
    for statement in program.everything:
        for index in statement.target.indices:
            found.setdefault(index.size, {}).setdefault(index.name)
    for index in program.customary:
        found.setdefault(index.size, {}).setdefault(index.name)
    return {extent: tuple(letters) for extent, letters in found.items()}


def printer_for(program: Program, style: Literal["latex", "text"] = "latex") -> Printer:
    """A printer that names bound indices as the program does."""
    sizes = frozenset(
        str(symbol) for symbol in (*program.sizes(), *program.settings(), *dict(program.derived_sizes))
    )
    return Printer(style, customary_letters(program), sizes)
