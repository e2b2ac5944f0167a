"""Proofs by normal form: both sides brought to the same quotient of polynomials by named rules.

The rules are those of a commutative ring and of exp, log, roots, absolute values and finite sums; products of
matrices go through :mod:`derive.judging.words`. What is found equal is equal wherever both sides have a
value. What is not found equal is not thereby different: this room never refutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derive.judging.deltas import with_deltas
from derive.judging.functions import SPELLINGS
from derive.judging.identities import Setting
from derive.judging.layout import Layout
from derive.judging.limits import Refusal
from derive.judging.names import CONSTANTS, ONES, access, function_name, is_delta, is_letter
from derive.judging.normal import ONE, Field, NoProof, Ratio, frozen
from derive.judging.normal_latex import shown, without_marks
from derive.judging.sampling import Domain
from derive.judging.shapes import infer
from derive.judging.trees import UNITS, canonical, rename_bound, size_of, substitute
from derive.reading import to_latex
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Tree,
)

Steps = tuple[dict[str, str], ...]
_POSITIVE = ("positive", "natural")
EULER = Name("e")


@dataclass
class Normaliser:
    """Formulas to normal forms, with the rules that were used."""

    domains: Mapping[Tree, Domain]
    convention: Mapping[str, str] = field(default_factory=dict)
    algebra: Field = field(default_factory=Field)
    steps: list[dict[str, str]] = field(default_factory=list)
    bound: dict[Tree, Tree] = field(default_factory=dict)
    trees: dict[int, Tree] = field(default_factory=dict)  # of the atoms that are names or deltas
    letters: dict[int, Tree] = field(default_factory=dict)  # what the bound letter of each depth is called
    ranges: Mapping[Tree, object] = field(default_factory=dict)  # how far letters run that have no ends
    shifted: bool = False  # names are written as their least value and what is above it

    def rule(self, name: str, before: Tree, after: str) -> None:
        """Record that a rule was used."""
        step = {
            "rule": name,
            "before": to_latex(substitute(before, self.bound) if self.bound else before),
            "after": after,
        }
        if step not in self.steps:
            self.steps.append(step)

    def written(self, atom: int) -> str | None:
        """LaTeX of an atom of which only this class knows what it is."""
        return None

    # -- trees -----------------------------------------------------------------------------------------------

    def ratio(self, tree: Tree) -> Ratio:
        """The normal form of a scalar formula. Raises :class:`NoProof`."""
        a = self.algebra
        match tree:
            case Number():
                if tree.unit not in UNITS:
                    raise NoProof
                return a.number(tree.value * UNITS[tree.unit])
            case Name() if tree == EULER:
                return a.exp(a.number(1))
            case Name() | Indexed():
                return self._name(tree)
            case Add():
                total = self.ratio(tree.terms[0])
                for term in tree.terms[1:]:
                    total = a.add(total, self.ratio(term))
                return total
            case Negative():
                return a.multiply(a.number(-1), self.ratio(tree.operand))
            case Multiply() if not {"odot", "otimes", "*"} & set(tree.signs):
                product = self.ratio(tree.factors[0])
                for factor in tree.factors[1:]:
                    product = a.multiply(product, self.ratio(factor))
                return product
            case Divide():
                return a.divide(self.ratio(tree.numerator), self.ratio(tree.denominator))
            case Power():
                return self._power(tree)
            case Call():
                return self._call(tree)
            case Big():
                return self._big(tree)
            case Derivative():
                return self._derivative(tree)
            case Relation():
                return self._bracket(tree)
            case _:
                raise NoProof

    def _name(self, tree: Tree) -> Ratio:
        a = self.algebra
        base = access(tree)[0] if isinstance(tree, Indexed) else tree
        domain = self.domains.get(base)
        sign = 2 if tree in CONSTANTS or (domain is not None and domain.text in _POSITIVE) else 0
        if domain is not None and domain.low >= 0:
            # An end that belongs to the domain, as in [0, 1], may be zero.
            sign = max(sign, 2 if domain.text.startswith(("in (", "above", "between")) else 1)
        if isinstance(tree, Indexed) and is_delta(tree):
            first, second = sorted(map(repr, (canonical(i) for i in access(tree)[1])))
            if first == second:
                return a.number(1)
            atom = a.atom("delta", (first, second), None, 1)
            self.trees[atom] = tree
            return a.of(atom)
        if self.shifted and domain is not None and domain.text == "natural":
            return a.add(a.number(1), a.of(a.atom("above 1", canonical(tree), None, 1)))
        atom = a.atom("name", canonical(tree), None, sign)
        self.trees[atom] = tree
        return a.of(atom)

    def _bracket(self, tree: Relation) -> Ratio:
        """Iverson's bracket: 1 where the relation holds, else 0; its square is itself."""
        a = self.algebra
        if tree.sign == "=" and is_letter(tree.left) and is_letter(tree.right):
            return self._name(Indexed(Name("delta"), (tree.left, tree.right)))
        gap = a.add(self.ratio(tree.left), self.ratio(tree.right), -1)
        if not gap.top:
            raise NoProof
        content = gap.top[min(gap.top)] if tree.sign in ("=", "!=") else abs(gap.top[min(gap.top)])
        unit = Ratio({m: c / content for m, c in gap.top.items()}, gap.bottom)
        return a.of(a.atom("delta", (tree.sign, frozen(unit)), None, 1))

    def _power(self, tree: Power) -> Ratio:
        a = self.algebra
        exponent = self.ratio(tree.exponent)
        if tree.base == EULER:
            if isinstance(tree.exponent, Add):
                self.rule("exponential of a sum", tree, "e^{a + b} = e^a e^b")
            return a.exp(exponent)
        base, number = self.ratio(tree.base), exponent.constant
        if number is not None:
            if number.denominator == 1:
                return a.power(base, int(number))
            if isinstance(tree.base, (Multiply, Divide)):
                self.rule("power of a product", tree, r"(ab)^r = a^r b^r \text{ for positive factors}")
            return a.root(base, number)
        if a.positive(base):
            self.rule("power by exponential", tree, r"a^x = e^{x \log a}")
            return a.exp(a.multiply(exponent, a.log(base)))
        if exponent.bottom != {ONE: Fraction(1)}:
            raise NoProof
        self.rule("power of a sum of exponents", tree, "a^{x + y} = a^x a^y")
        result = a.number(1)
        for mono, c in exponent.top.items():
            if mono == ONE and c.denominator == 1:
                result = a.multiply(result, a.power(base, int(c)))
            else:
                atom = a.atom("power", (frozen(base), mono))
                result = a.multiply(result, a.of(atom, c))
        return result

    def _call(self, tree: Call) -> Ratio:
        a = self.algebra
        function = tree.function
        if isinstance(function, Power) and isinstance(function.exponent, Number):
            return self.ratio(Power(Call(function.base, tree.arguments), function.exponent))
        if (
            isinstance(function, Indexed)
            and function.base in (Name("log"), Name("ln"))
            and len(function.lower) == 1
        ):
            self.rule("logarithm to another base", tree, r"\log_b x = \log x / \log b")
            return a.divide(a.log(self.ratio(tree.arguments[0])), a.log(self.ratio(function.lower[0])))
        name = function_name(function)
        if (
            name == "log"
            and function == Name("log")
            and self.convention.get("log") not in (None, "e", "natural")
        ):
            base = a.number(Fraction(self.convention["log"]))
            return a.divide(a.log(self.ratio(tree.arguments[0])), a.log(base))
        if name in ("sin", "cos", "tan") and self.convention.get("angle") == "degrees":
            raise NoProof
        arguments = [self.ratio(x) for x in tree.arguments]
        if name is None or name in SPELLINGS:
            return self._unknown(tree, arguments)
        row = RULES.get(name)
        if row is not None and len(arguments) == row[0]:
            if name not in _OF_COMPOSED or isinstance(tree.arguments[0], _OF_COMPOSED[name]):
                self.rule(row[1], tree, row[2])
            return row[3](self.algebra, *arguments)
        if isinstance(function, Name) and not function.marks and len(arguments) == 1 and name in _OPAQUE:
            return a.of(a.atom(name, frozen(arguments[0]), arguments[0], _OPAQUE[name]))
        raise NoProof

    def _unknown(self, tree: Call, arguments: list[Ratio]) -> Ratio:
        if not isinstance(tree.function, Name):
            raise NoProof
        key = (tree.function.text, tree.function.marks, *map(frozen, arguments))
        return self.algebra.of(self.algebra.atom("function", key))

    # -- sums ------------------------------------------------------------------------------------------------

    def _big(self, tree: Big) -> Ratio:
        if tree.operator not in ("sum", "prod") or not tree.variables or tree.condition or tree.domain:
            raise NoProof
        if len(tree.variables) > 1:
            inner = replace(tree, variables=tree.variables[1:])
            return self._big(replace(tree, variables=tree.variables[:1], body=inner))
        a = self.algebra
        letter = Name(f"#{len(self.bound)}")
        body = self.ratio_bound(tree, letter)
        ends = tuple(None if end is None else frozen(self.ratio(end)) for end in (tree.lower, tree.upper))
        if tree.operator == "prod":
            return a.of(a.atom("prod", (ends, frozen(body), len(self.bound))))
        inside = self._speaking_of(letter)
        fixed = any(c != 1 or any(atom not in inside for atom, _ in mono) for mono, c in body.top.items())
        if len(body.top) > 1 or fixed:
            self.rule("linearity of the sum", tree, r"\sum (c a_i + d b_i) = c \sum a_i + d \sum b_i")
        if any(self._in(m, inside) for m in body.bottom):
            return a.of(a.atom("sum", (ends, frozen(body), len(self.bound))))
        total = a.number(0)
        for mono, c in body.top.items():
            own = tuple((atom, e) for atom, e in mono if atom in inside)
            if len(own) == 1 and self._picks(own[0][0], letter, tree):
                self.rule("the delta picks one term", tree, r"\sum_j \delta_{ij} a_j = a_i")
                total = a.add(total, a.quotient({tuple(p for p in mono if p not in own): c}, body.bottom))
                continue
            rest = tuple((atom, e) for atom, e in mono if atom not in inside)
            coefficient = a.quotient({rest: c}, body.bottom)
            term = self._terms(tree) if not own else a.of(a.atom("sum", (ends, own, len(self.bound))))
            total = a.add(total, a.multiply(coefficient, term))
        return total

    def ratio_bound(self, tree: Big, letter: Tree) -> Ratio:
        """The body of a sum with its letter renamed, so that letters do not matter."""
        variable = tree.variables[0]
        self.letters[len(self.bound)] = variable
        self.bound[letter] = variable
        try:
            return with_deltas(self, self.ratio(substitute(tree.body, {variable: letter})))
        finally:
            del self.bound[letter]

    def _picks(self, atom: int, letter: Tree, tree: Big) -> bool:
        """Whether it is a delta of the summed letter and one that runs just as far, so that it sums to 1."""
        delta = self.trees.get(atom)
        if (
            self.algebra.atoms[atom].kind != "delta"
            or not isinstance(delta, Indexed)
            or tree.upper
            or tree.lower
        ):
            return False
        others = [i for i in delta.lower if i != letter]
        if len(others) != 1 or letter not in delta.lower:
            return False
        runs = [self.ranges.get(self.bound.get(i, i)) for i in (tree.variables[0], others[0])]
        return runs[0] is not None and runs[0] == runs[1]

    def _terms(self, tree: Big) -> Ratio:
        a = self.algebra
        if tree.upper is None:
            return a.of(a.atom("terms", canonical(tree.variables[0]), None, 2))
        low = a.number(1) if tree.lower is None else self.ratio(tree.lower)
        return a.add(a.add(self.ratio(tree.upper), low, -1), a.number(1))

    def _speaking_of(self, letter: Tree) -> set[int]:
        """The atoms in which the bound letter occurs."""
        mark = repr(canonical(letter))
        found: set[int] = set()
        for k, atom in enumerate(self.algebra.atoms):
            inner = atom.inside
            parts = [] if inner is None else [e for p in (inner.top, inner.bottom) for m in p for e, _ in m]
            if mark in repr(atom.key) or any(e in found for e in parts) or self._key_speaks(atom.key, found):
                found.add(k)
        return found

    def _key_speaks(self, key: object, found: set[int]) -> bool:
        """Whether a key made of other atoms has one of ``found`` in it."""
        if isinstance(key, (tuple, frozenset)):
            if (
                isinstance(key, tuple)
                and len(key) == 2
                and isinstance(key[0], int)
                and isinstance(key[1], Fraction)
            ):
                return key[0] in found
            return any(self._key_speaks(part, found) for part in key)
        return False

    @staticmethod
    def _in(mono: tuple[tuple[int, Fraction], ...], atoms: set[int]) -> bool:
        return any(atom in atoms for atom, _ in mono)

    # -- derivatives -----------------------------------------------------------------------------------------

    def _derivative(self, tree: Derivative) -> Ratio:
        if tree.of is None or tree.at is not None or tree.kind not in ("d", "partial") or not tree.wrt:
            raise NoProof
        variable = tree.wrt[-1]
        if not isinstance(variable, Name) or variable in CONSTANTS:
            raise NoProof
        if isinstance(tree.of, (Name, Indexed)):
            raise NoProof
        body = self.ratio(tree.of)
        for by in tree.wrt:
            if by != variable:
                raise NoProof
            body = self._slope(body, self.algebra.atom("name", canonical(variable)))
        self.rule("differentiation", tree, "sum, product, quotient and chain rule")
        return body

    def _slope(self, x: Ratio, by: int) -> Ratio:
        a = self.algebra
        bare: dict[tuple[tuple[int, Fraction], ...], Fraction] = {ONE: Fraction(1)}
        top, bottom = (self._slope_of(p, by) for p in (x.top, x.bottom))
        over = Ratio(x.bottom, bare)
        crossed = a.add(a.multiply(top, over), a.multiply(bottom, Ratio(x.top, bare)), -1)
        return a.divide(crossed, a.multiply(over, over))

    def _slope_of(self, p: dict[tuple[tuple[int, Fraction], ...], Fraction], by: int) -> Ratio:
        a = self.algebra
        total = a.number(0)
        for mono, c in p.items():
            for k, (atom, e) in enumerate(mono):
                inner = self._atom_slope(atom, by)
                if not inner.top:
                    continue
                rest = (*mono[:k], *(((atom, e - 1),) if e != 1 else ()), *mono[k + 1 :])
                total = a.add(total, a.multiply(a.quotient({rest: c * e}, {ONE: Fraction(1)}), inner))
        return total

    def _atom_slope(self, atom: int, by: int) -> Ratio:
        a = self.algebra
        if atom == by:
            return a.number(1)
        row = a.atoms[atom]
        if row.kind in ("name", "delta", "terms", "above 1"):
            return a.number(0)
        if row.inside is None:
            name = canonical_mark(a.atoms[by].key)
            if name in repr(row.key) or self._key_speaks(row.key, self._with(by)):
                raise NoProof
            return a.number(0)
        inner = self._slope(row.inside, by)
        if not inner.top:
            return inner
        outer: dict[str, Callable[[], Ratio]] = {
            "exp": lambda: a.of(atom),
            "log": lambda: a.divide(a.number(1), row.inside or a.number(1)),
            "root": lambda: a.divide(a.of(atom), row.inside or a.number(1)),
            "sin": lambda: a.of(a.atom("cos", row.key, row.inside)),
            "cos": lambda: a.multiply(a.number(-1), a.of(a.atom("sin", row.key, row.inside))),
            "arctan": lambda: a.divide(
                a.number(1), a.add(a.number(1), a.power(row.inside or a.number(1), 2))
            ),
            "abs": lambda: a.divide(a.of(atom), row.inside or a.number(1)),
        }
        if row.kind not in outer:
            raise NoProof
        return a.multiply(outer[row.kind](), inner)

    def _with(self, by: int) -> set[int]:
        found = {by}
        for k, atom in enumerate(self.algebra.atoms):
            parts = [] if atom.inside is None else [
                e for p in (atom.inside.top, atom.inside.bottom) for m in p for e, _ in m
            ]  # fmt: skip
            if any(e in found for e in parts) or self._key_speaks(atom.key, found):
                found.add(k)
        return found


def canonical_mark(key: object) -> str:
    """How a name shows in the key of an atom that speaks of it."""
    return repr(key)


def _sigmoid(a: Field, x: Ratio) -> Ratio:
    e = a.exp(x)
    return a.divide(e, a.add(e, a.number(1)))


def _tanh(a: Field, x: Ratio) -> Ratio:
    e = a.exp(a.multiply(a.number(2), x))
    return a.divide(a.add(e, a.number(1), -1), a.add(e, a.number(1)))


def _hyperbolic(sign: int) -> Callable[[Field, Ratio], Ratio]:
    def function(a: Field, x: Ratio) -> Ratio:
        both = a.add(a.exp(x), a.exp(a.multiply(a.number(-1), x)), sign)
        return a.divide(both, a.number(2))

    return function


def _over(function: Callable[[Field, Ratio], Ratio]) -> Callable[[Field, Ratio], Ratio]:
    return lambda a, x: a.divide(a.number(1), function(a, x))


def _extreme(sign: int) -> Callable[[Field, Ratio, Ratio], Ratio]:
    def function(a: Field, x: Ratio, y: Ratio) -> Ratio:
        gap = a.absolute(a.add(x, y, -1))
        return a.divide(a.add(a.add(x, y), gap, sign), a.number(2))

    return function


def _relu(a: Field, x: Ratio) -> Ratio:
    return a.divide(a.add(x, a.absolute(x)), a.number(2))


def _softplus(a: Field, x: Ratio) -> Ratio:
    return a.log(a.add(a.number(1), a.exp(x)))


#: Functions that others express: how many arguments, the rule's name, the rule, the normal form.
RULES: dict[str, tuple[int, str, str, Callable[..., Ratio]]] = {
    "exp": (1, "exponential of a sum", "e^{a + b} = e^a e^b", lambda a, x: a.exp(x)),
    "log": (1, "logarithm of a product", r"\log ab = \log a + \log b \text{ for positive factors}",
            lambda a, x: a.log(x)),
    "sqrt": (1, "root as a power", r"\sqrt{x} = x^{1/2}", lambda a, x: a.root(x, Fraction(1, 2))),
    "abs": (1, "absolute value of a product", r"|ab| = |a| |b|", lambda a, x: a.absolute(x)),
    "sigmoid": (1, "definition of the logistic function", r"\sigma(x) = e^x / (e^x + 1)", _sigmoid),
    "tanh": (1, "definition of tanh", r"\tanh x = (e^{2x} - 1)/(e^{2x} + 1)", _tanh),
    "sinh": (1, "definition of sinh", r"\sinh x = (e^x - e^{-x})/2", _hyperbolic(-1)),
    "cosh": (1, "definition of cosh", r"\cosh x = (e^x + e^{-x})/2", _hyperbolic(1)),
    "sech": (1, "definition of sech", r"\operatorname{sech} x = 1/\cosh x", _over(_hyperbolic(1))),
    "csch": (1, "definition of csch", r"\operatorname{csch} x = 1/\sinh x", _over(_hyperbolic(-1))),
    "softplus": (1, "definition of softplus", r"\log(1 + e^x)", _softplus),
    "swish": (1, "definition of swish", r"x \sigma(x)", lambda a, x: a.multiply(x, _sigmoid(a, x))),
    "logit": (1, "definition of the logit", r"\log(p/(1 - p))",
              lambda a, x: a.log(a.divide(x, a.add(a.number(1), x, -1)))),
    "relu": (1, "ReLU by the absolute value", r"\max(0, x) = (x + |x|)/2", _relu),
    "max": (2, "maximum by the absolute value", r"\max(a, b) = (a + b + |a - b|)/2", _extreme(1)),
    "min": (2, "minimum by the absolute value", r"\min(a, b) = (a + b - |a - b|)/2", _extreme(-1)),
    "tan": (1, "definition of tan", r"\tan x = \sin x / \cos x", lambda a, x: a.divide(
        a.of(a.atom("sin", frozen(x), x)), a.of(a.atom("cos", frozen(x), x)))),
}  # fmt: skip
#: What has to stand in a function for its rule to do something: log x is as it was.
_OF_COMPOSED: dict[str, tuple[type[Tree], ...]] = {
    "exp": (Add,),
    "log": (Multiply, Divide, Power, Call),
    "abs": (Multiply, Divide, Negative, Power),
}
#: Functions that stay as they are, and what is known of their sign.
_OPAQUE = {"sin": 0, "cos": 0, "arctan": 0, "arcsin": 0, "arccos": 1, "erf": 0, "gelu": 0, "sign": 0,
"floor": 0,
           "ceil": 0}  # fmt: skip


def prove(left: Tree, right: Tree, setting: Setting, layout: Layout | None = None) -> Steps | None:
    """The steps that bring both sides to one normal form, or None if the rules do not reach that.

    ``layout`` is what is known of their shapes; bound letters then have names of their own already.

    >>> from derive.reading import read_formula
    >>> steps = prove(read_formula(r"\\tanh x"), read_formula(r"2\\sigma(2x) - 1"), Setting())
    >>> [step["rule"] for step in steps]
    ['definition of tanh', 'definition of the logistic function', 'the same normal form']
    """
    try:
        if layout is None:
            left, right = rename_bound(left), rename_bound(right)
            layout, shapes = infer([left, right], setting.shapes, setting.lets)
            if any(isinstance(shape, Refusal) for shape in shapes):
                return None
        if layout.members:
            return None
        if _has_tensors(layout, [left, right]):
            from derive.judging.words import prove_matrices

            return prove_matrices(left, right, layout, setting)
        ranges = {letter: layout.find(dim) for letter, dim in layout.letters.items()}
        made = Normaliser(setting.domains, setting.convention, ranges=ranges)
        a, b = (with_deltas(made, made.ratio(put_in(side, setting))) for side in (left, right))
        if not made.algebra.equal(a, b):
            return None
    except (NoProof, Refusal, RecursionError, OverflowError, ZeroDivisionError):
        return None
    return end_of_proof(made, left, shown(made, a))


def end_of_proof(made: Normaliser, left: Tree, end_form: str | None) -> Steps:
    """The steps of both sides, and what they end in (their common normal form, where it can be written)."""
    end = {"rule": "the same normal form", "before": to_latex(left), "after": end_form or ""}
    return tuple(map(replace_marks, (*made.steps, end)))


def replace_marks(step: dict[str, str]) -> dict[str, str]:
    """A step without the numbers that keep bound letters apart."""
    return {key: without_marks(value) for key, value in step.items()}


def put_in(tree: Tree, setting: Setting) -> Tree:
    """The tree with the formulas of named quantities put in; raises :class:`TooLarge` where they multiply."""
    for _ in setting.lets:
        tree = substitute(tree, setting.lets)
        size_of(tree)
    return tree


def _has_tensors(layout: Layout, trees: list[Tree]) -> bool:
    shaped = {name for name, dims in layout.dims.items() if dims and name not in layout.families}
    nodes = {n for t in trees for n in t.walk()}
    entries = {access(n)[0] for n in nodes if isinstance(n, Indexed)}
    whole = {n for n in nodes if n in layout.families and n not in entries}
    return bool(shaped & nodes) or bool(whole) or ONES in nodes


def positive(tree: Tree, relation: str, domains: Mapping[Tree, Domain]) -> Steps | None:
    """The steps that show ``tree > 0`` (or ``>= 0``): its normal form has only terms that are positive.

    A natural number is written ``1 + m`` with ``m >= 0``, so that ``n^2 - n >= 0`` is found too.
    """
    made = Normaliser(domains, shifted=True)
    try:
        x = made.ratio(tree)
        algebra = made.algebra
        top, bottom = algebra.sign(x.top), algebra.sign(x.bottom)
    except (NoProof, Refusal, RecursionError, OverflowError, ZeroDivisionError):
        return None
    # Where the denominator is zero there is no value, so that it need only never be negative.
    enough = (bottom >= 1 and top == 2) if relation == ">" else (bottom >= 1 and (top >= 1 or not x.top))
    if not enough:
        return None
    end = {"rule": "only positive terms", "before": to_latex(tree), "after": relation + " 0"}
    return tuple(map(replace_marks, (*made.steps, end)))


def proved_by(steps: Steps) -> str:
    """A proof in one line: the rules that it used.

    >>> proved_by(({"rule": "definition of tanh"}, {"rule": "the same normal form"}))
    'proved by definition of tanh'
    """
    rules = list(dict.fromkeys(step["rule"] for step in steps[:-1]))
    shown = ", ".join(rules[:4]) + (", ..." if len(rules) > 4 else "")
    return f"proved by {shown}" if rules else "proved by the rules of arithmetic"
