"""Chains that begin with a name: is it a definition, a new meaning, or a claim about what the name means
already?

Notes use the same letter for many things. A name that is given another value or formula begins a new
*section*:
what was said before may no longer hold, and no claim is called wrong on the strength of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from derive.judging.claim import Claim
from derive.judging.compare import free_names, is_closed
from derive.judging.limits import Refusal
from derive.judging.names import access, is_lower
from derive.judging.trees import canonical, is_number, rational, substitute
from derive.marking.expanding import fold_indices, in_one_step
from derive.marking.link import NEAR, RIGHT, Link
from derive.marking.links import judge_link, written_shape
from derive.marking.recurrences import direction, given_in, one_ahead
from derive.marking.scope import ALWAYS, Meaning, Scope, key_of, literal, of_variables
from derive.marking.substitution import values_put_in
from derive.reading import Declarations
from derive.reading.tree import (
    Call,
    Derivative,
    Ellipsis,
    Hole,
    Indexed,
    Matrix,
    Multiply,
    Name,
    Number,
    Tree,
)

_PERTURBED = re.compile(r"\b(?:perturb|nudg|bump)\w*\b", re.IGNORECASE)

_ANOTHER = re.compile(
    r"\b(?:left|right|other|another|next|second|third|now|new|instead|again|node|branch|case|class)\b",
    re.IGNORECASE,
)

_NAMED = re.compile(r"[\W\d]*([^\W\d_][\w\s-]{2,40}?)[\s*]*:[\s*$]*")
#: Words with which a step of work begins; anything else before a colon names what follows it.
_STEP = re.compile(
    r"so|thus|hence|therefore|then|which|we|this|that|it|or|now|simplif|expand|rewrit|substitut|insert|collect"
    r"|factor|result|answer|solution|rearrang|final|total|giv|using|with|apply|check|proof|equivalent|recall"
    r"|again|in\b|by|from|also|and|deriv|together|altogether|step|part|line|put|plug|comput|calcul|evaluat",
    re.IGNORECASE,
)


def _named(lead: str) -> bool:
    """Whether a formula has a name of its own before it: ``Average pooling: $``."""
    found = _NAMED.fullmatch(lead)
    return found is not None and _STEP.match(found[1]) is None


@dataclass
class Revision:
    """An earlier claim gets its verdict only now, when the formula behind its value is written."""

    key: Tree
    verdict: Claim


class Namer:
    """Gives names their meanings in a scope and judges what is said of names that have one."""

    def __init__(self, scope: Scope, declared: Declarations) -> None:
        self.scope, self.declared = scope, declared
        self.revision: Revision | None = None
        self.changing: set[Tree] = set()  # names that had one value after another: those of an iteration

    def named(self, link: Link, line: int, words: str = "") -> Claim:
        """The verdict on ``name = right``. What the name means afterwards is in the scope."""
        self.revision = None
        found = key_of(link.left)
        assert found is not None
        key, parameters = found
        if _refers(link.right, key, link.left) and not isinstance(key, (Call, Derivative)):
            return Claim("definition", message="updates the name")
        if _says_a_size(link.right) and not self._agrees(link, words):
            return Claim("definition", message="says a size")
        if isinstance(key, Call) and of_variables(key.function) and not self.scope.knows(key):
            claim = judge_link(link, self.scope, self.declared, words)  # Var(2 X) of a declared X
            if claim.verdict in RIGHT or claim.wrong or claim.message.startswith("right only"):
                return claim
        if not self.means_something(link, key):
            self.define(link.left, link.right, line)
            return Claim("definition", message="gives the name its meaning")
        if key in self.scope.values and not self._computable(link.left, key):
            return self._explained(link, key, parameters, line)
        old = self.scope.functions.get(key) or self.scope.formulas.get(key)
        restates = _restates(old.tree, link.right) if old is not None else self._restates_a_member(link)
        link = replace(link, restates=restates)
        claim = judge_link(link, self.scope, self.declared, words)
        unsettled = claim.verdict == "undecided" and literal(link.right)
        if unsettled and key not in self.scope.formulas and not isinstance(link.left, (Derivative, Call)):
            self.define(link.left, link.right, line)
            return Claim("definition", message="gives the name its value")
        wrong = claim.wrong and self._binding(link, key, claim) and not self._elsewhere(link, key, words)
        if claim.verdict in RIGHT or wrong or (claim.verdict == "undecided" and literal(link.right)):
            self._note_value(link, claim, line)
            if claim.verdict in RIGHT and not literal(link.right):
                self._another_formula(link, key, claim, line)
            if claim.verdict == "undecided" and is_number(link.right, 0) and not is_closed(link.left):
                return Claim("definition", message="a condition on what is not known")
            missing = claim.verdict == "undecided" and claim.note is None
            return replace(claim, note="missing-given") if missing else claim
        if claim.verdict == "undecided" and isinstance(link.left, Derivative):
            return claim
        self.define(link.left, link.right, line)
        return Claim("definition", message="gives the name a new meaning")

    def _restates_a_member(self, link: Link) -> bool:
        """Whether the right side speaks of just what ``v_2`` is made of by a recurrence."""
        left = link.left
        base, indices = access(left) if isinstance(left, Indexed) else (left, ())
        if not indices or not direction(base, self.scope.formulas):
            return False
        given = given_in((left, link.right), self.scope.formulas)
        try:
            member = self.scope.expand(left, "general", given=given).tree
        except Refusal:
            return False
        values = {name for name in free_names(member) if name in self.scope.values}  # v_0 = 0
        ours, theirs = free_names(member) - values, free_names(link.right) - values
        return len(ours) >= 3 and ours == theirs

    def _agrees(self, link: Link, words: str) -> bool:
        return judge_link(link, self.scope, self.declared, words).verdict in RIGHT

    def _explained(self, link: Link, key: Tree, parameters: tuple[Tree, ...], line: int) -> Claim:
        """A name that has only a value gets another value, or the formula from which the value should have
        come."""
        value = self.scope.values[key]
        if literal(link.right):
            self.define(link.left, link.right, line)
            return Claim("definition", message="gives the name its value")
        self.scope.formulas[key] = Meaning(link.right, line, self.scope.section, parameters)
        del self.scope.values[key]  # a value does not confirm itself
        check = judge_link(Link(key, value.tree, "="), self.scope, self.declared)
        self.scope.values[key] = value
        if check.verdict in RIGHT or (check.wrong and parameters):
            self.revision = Revision(key, check)
            self.scope.values[key] = replace(value, rounded=check.verdict == "rounded", wrong=check.wrong)
        elif check.wrong:
            del self.scope.formulas[key]
            self.scope.section += 1
            self.scope.values.pop(key)
            self.define(link.left, link.right, line)
        return Claim("definition", message="says how the value comes about")

    def means_something(self, link: Link, key: Tree) -> bool:
        """Whether this name, or the family or vector that it belongs to, has a meaning that is in force."""
        left = link.left
        if self.scope.knows(key):
            return True
        if isinstance(left, Indexed) and not (
            self.scope.knows(access(left)[0]) or self.scope.knows(left.base)
        ):
            return False
        if isinstance(left, Call):
            function = left.function
            if not (isinstance(function, Name) and self.scope.knows(Name(function.text, (), function.font))):
                return False
        if not isinstance(left, (Indexed, Call, Derivative)):
            return False
        try:
            expanded = self.scope.expand(left, "truth", written_shape(link.right), one_step=in_one_step(left))
        except Refusal:
            return False
        return expanded.tree != left and not expanded.stale(self.scope.section)

    def _computable(self, left: Tree, key: Tree) -> bool:
        if isinstance(left, Derivative):
            return self._by_rule(left, key)
        if key in self.scope.formulas or isinstance(left, Call):
            return True
        if not isinstance(left, Indexed):
            return False
        written = self.scope.values.get(left.base)
        return access(left)[0] in self.scope.formulas or (
            written is not None and isinstance(written.tree, Matrix)
        )

    def _by_rule(self, left: Derivative, key: Tree) -> bool:
        """Whether the derivative follows from formulas, whatever was written for it."""
        value = self.scope.values.pop(key, None)
        try:
            self.scope.expand(left, "truth", one_step=in_one_step(left))
        except Refusal:
            return False
        finally:
            if value is not None:
                self.scope.values[key] = value
        return True

    def _binding(self, link: Link, key: Tree, claim: Claim) -> bool:
        """Whether a link that fails is wrong: otherwise its name has been given a new meaning."""
        if isinstance(link.left, Derivative) or (isinstance(link.left, Call) and not self.scope.knows(key)):
            return True
        meaning = self.scope.formulas.get(key)
        if meaning is not None and meaning.section == ALWAYS:
            return True
        if claim.note == "shape" and meaning is None:
            return False
        if meaning is not None and isinstance(meaning.tree, Derivative) and link.line - meaning.line <= NEAR:
            return not isinstance(link.right, Derivative)  # delta = dL/dz, and then what that is
        if key in self.scope.values and (meaning is None or link.line - meaning.line > NEAR):
            return False  # its value was settled before: this is another one
        if literal(link.right):
            return True
        given = meaning is None or is_closed(meaning.tree) or any(map(self._given, free_names(meaning.tree)))
        if is_closed(link.right) and not given:
            return False  # what was put into its formula was meant for that line
        if link.restates:
            return True
        # alpha = 3 sqrt(2) - 5 and later alpha = sqrt(2): two numbers under one name, one after the other.
        return is_closed(link.right) and (meaning is None or not is_closed(meaning.tree))

    def _given(self, name: Tree) -> bool:
        return self.scope.knows(name) or self.scope.knows(
            access(name)[0] if isinstance(name, Indexed) else name
        )

    def _elsewhere(self, link: Link, key: Tree, words: str) -> bool:
        """Whether the name is meant at another place than before: perturbed, under another heading, or at
        the new values of what it depends on."""
        meaning = self.scope.formulas.get(key)
        if isinstance(link.left, (Derivative, Call)) or (meaning is not None and meaning.section == ALWAYS):
            return False
        if literal(link.right) and _PERTURBED.search(words):
            return True
        if meaning is None:
            return False
        if not literal(link.right) and not is_closed(link.right) and _named(link.lead):
            return link.line > meaning.line  # "Average pooling: y = ...", after that of another kind
        if key in self.scope.functions and meaning.line < link.part and not literal(link.right):
            return True  # I(p) of one item, and I of another
        anew = is_closed(meaning.tree) and literal(link.right) and link.line > meaning.line
        if anew and (key in self.changing or _ANOTHER.search(words)):
            return True
        if meaning.line < link.heading and is_closed(meaning.tree) and key in self.scope.values:
            return True
        if literal(link.right) and self._is_given_anew(key, meaning, link.line):
            return True
        return self._at_new_values(meaning.tree, link.right)

    def _is_given_anew(self, key: Tree, meaning: Meaning, line: int) -> bool:
        """``y = x^x`` and later, on one line, ``f = (x + y) z, x = -2, y = 5``: y is given there."""
        if meaning.line >= line:
            return False
        given = {name for name in free_names(meaning.tree) if name in self.scope.values}
        given = {name for name in given if self.scope.values[name].line == line}
        return bool(given) and any(
            m.line == line and {key, *given} <= free_names(m.tree) for m in self.scope.formulas.values()
        )

    def _at_new_values(self, formula: Tree, right: Tree) -> bool:
        """``z = w x + b`` and later ``z = -0.862 * 2 + 0.569``, where these are ``w_new`` and ``b_new``."""
        put_in = values_put_in(formula, right, lambda name: None)
        known = {name: rational(m.tree) for name, m in self.scope.values.items()}
        other = {name: rational(n) for name, n in put_in.items() if known.get(name) != rational(n)}
        return bool(other) and all(
            any(is_version(k, name) and known[k] == number for k in known) for name, number in other.items()
        )

    def _note_value(self, link: Link, claim: Claim, line: int) -> None:
        found = key_of(link.left)
        if found is None or found[1] or not literal(link.right):
            return
        wrong = claim.verdict in ("wrong", "follows")
        self.scope.values[found[0]] = Meaning(
            link.right, line, self.scope.section, rounded=claim.verdict == "rounded", wrong=wrong
        )

    def _another_formula(self, link: Link, key: Tree, claim: Claim, line: int) -> None:
        """An equal formula is kept beside the first; one that is only equal for the values takes its
        place."""
        old = self.scope.formulas.get(key)
        if old is None or isinstance(link.left, Call):
            return
        if claim.evidence in ("exact", "sampled") and not is_closed(link.right):
            self.scope.formulas[key] = replace(
                old, others=(*old.others, link.right), section=self.scope.section
            )

    def define(self, left: Tree, right: Tree, line: int, answer: bool = False) -> None:
        """Give a name its meaning from here on; an ``answer`` is how the name comes about, even a number."""
        found = key_of(left)
        if found is None or any(isinstance(n, (Ellipsis, Hole)) for n in right.walk()):
            return
        key, parameters = found
        if self._contradicts(key, right):
            self.scope.section += 1
        before = self.scope.values.get(key) or self.scope.formulas.get(key)
        if before is not None and is_closed(before.tree) and is_closed(right) and before.tree != right:
            self.changing.add(key)
        if isinstance(left, Call) and not parameters and _formula_of(left, right):
            key, parameters = left.function, left.arguments
        if isinstance(left, Call) and literal(right):
            key, parameters = left, ()  # g(z) = 1 says what g is at that z, not that g is constant
        meaning = Meaning(right, line, self.scope.section, parameters)
        if isinstance(left, Call) and parameters:
            self.scope.functions[key] = meaning
            self.scope.formulas.setdefault(key, replace(meaning, parameters=()))
        elif literal(right) and not parameters and not answer:
            self.scope.formulas.pop(key, None)
            self.scope.values[key] = meaning
        else:
            if (old := self.scope.formulas.get(key)) is not None and old.tree != right:
                self.scope.former[key] = old
            family = self.scope.formulas.get(access(key)[0]) if isinstance(key, Indexed) else None
            if old is None and family is not None and isinstance(key, Indexed):
                table = dict(zip(family.parameters, access(key)[1], strict=False))
                self.scope.former[key] = replace(
                    family, tree=fold_indices(substitute(family.tree, table)), parameters=()
                )
            self.scope.formulas[key] = meaning
            if not parameters:
                self.scope.values.pop(key, None)
            self._define_family(left, meaning)

    def _define_family(self, left: Tree, meaning: Meaning) -> None:
        """``v_{k+1} = \\beta v_k + g_k`` says it of every member: ``v_k = \\beta v_{k-1} + g_{k-1}``."""
        ahead = one_ahead(left)
        if ahead is not None:
            base, letter, back = ahead
            formula = fold_indices(substitute(meaning.tree, {letter: back}))
            self.scope.formulas[base] = replace(meaning, tree=formula, parameters=(letter,))

    def _contradicts(self, key: Tree, right: Tree) -> bool:
        """Whether the name means something else in the present section."""
        for table in (self.scope.values, self.scope.formulas, self.scope.functions):
            old = table.get(key)
            if (
                old is not None
                and old.section == self.scope.section
                and canonical(old.tree) != canonical(right)
            ):
                return True
        return False


def is_version(other: Tree, name: Tree) -> bool:
    """Whether ``w_new``, ``w'``, ``w^{(1)}`` are versions of ``w``: the same letter with more behind it.

    >>> is_version(Indexed(Name("w"), (Name("new"),)), Name("w")), is_version(Name("v"), Name("w"))
    (True, False)
    """
    if other == name:
        return False
    if (_stem(other), _stem(name)) == (other, name):
        return False
    lower, upper = (name.lower, name.upper) if isinstance(name, Indexed) else ((), ())
    if isinstance(other, Indexed) and (other.lower[: len(lower)], other.upper[: len(upper)]) != (
        lower,
        upper,
    ):
        return False
    return _stem(other) == _stem(name)


def _stem(tree: Tree) -> Tree:
    """The bare letter, without indices, labels and primes."""
    base = tree.base if isinstance(tree, Indexed) else tree
    return Name(base.text, (), base.font) if isinstance(base, Name) else base


def _refers(right: Tree, key: Tree, left: Tree) -> bool:
    """Whether the right side needs what it defines; another member of its family is not that."""
    for name in free_names(right):
        if name in (left, key):
            return True
        # c = f c_0 + i g: what is numbered is another quantity, such as the state before
        numbered = isinstance(name, Indexed) and all(isinstance(i, Number) for i in access(name)[1])
        same_family = isinstance(name, Indexed) and access(name)[0] == key and not numbered
        if same_family and not (isinstance(left, Indexed) and access(left)[1]):
            return True
    return False


def _restates(old: Tree, new: Tree) -> bool:
    """Whether a second formula speaks of just the names of the first, and of so many that it is no chance."""
    return len(free_names(old)) >= 3 and free_names(old) == free_names(new)


def _formula_of(left: Call, right: Tree) -> bool:
    """``H(p) = -p log p - ...``: a formula in its argument, which makes even H a function."""
    if not all(is_lower(a) and isinstance(a, Name) for a in left.arguments) or not left.arguments:
        return False
    itself = any(isinstance(n, Call) and n.function == left.function for n in right.walk())
    return not itself and set(left.arguments) <= free_names(right)


def _says_a_size(right: Tree) -> bool:
    """``3 x 1`` after a name is more often its size than its value."""
    return (
        isinstance(right, Multiply)
        and right.signs == ("times",)
        and all(isinstance(f, Number) and f.digits.isdigit() for f in right.factors)
    )
