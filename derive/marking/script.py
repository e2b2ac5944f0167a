"""A whole document: its statements in order, each link judged with what is in force at its line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from derive.bank import Problem, ProblemError, find_problem
from derive.judging.claim import Claim
from derive.judging.closed import value as settled_value
from derive.judging.compare import free_names, is_closed
from derive.judging.digits import decimals
from derive.judging.digits import literal as number_of
from derive.judging.functions import TABLE
from derive.judging.limits import Refusal
from derive.judging.names import IDENTITY, access, function_name, is_letter
from derive.judging.scalars import plain
from derive.judging.trees import (
    EULER,
    by_e,
    check_numbers,
    depends_on,
    is_number,
    rebuild,
    with_ones,
    with_own_e,
)
from derive.marking.asides import has_a_value, in_passing, names_a_gradient, puts_in, solved_for
from derive.marking.backward import judge_backward
from derive.marking.conditions import candidates
from derive.marking.doubts import may_group
from derive.marking.generally import weights_of_logs
from derive.marking.link import RIGHT, Link
from derive.marking.links import conventions_shown, judge_link
from derive.marking.naming import Namer
from derive.marking.report import Report
from derive.marking.scope import ALWAYS, Meaning, Scope, key_of, literal
from derive.marking.substitution import values_put_in
from derive.reading import Declarations, read_document, read_statements, to_latex
from derive.reading.statement import Place, Side, Statement
from derive.reading.tree import (
    Ambiguous,
    Big,
    Call,
    Derivative,
    Hole,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Relation,
    Transpose,
    Tree,
)

_RELATIONS = {"=", "~=", "<", "<=", ">", ">=", "!=", "->", ":="}
MOST_PLACES = 6  # behind the point, of a rounding of what a problem asks for
_DECLARING = {
    "in", "notin", "~", "propto", "subset", "subseteq", "supset", "supseteq", "perp", "indep", ":", "<->",
    "<<", ">>", "|->",
}  # fmt: skip

_INDICES = {Name("i"), Name("j"), Name("k")}
_BASE = re.compile(r"\blog\w*\b[^.\n]{0,40}\bbase[\s-]*\$?(10|2|ten|two)\b", re.IGNORECASE)
_SYMMETRIC = re.compile(r"symmetri|covarian|kovarian|definite|hessian|gram matri", re.IGNORECASE)
_PROBLEM = re.compile(r"\W*(?:problem|question|exercise|task|q)\b\W*\d|\W*q\d", re.IGNORECASE)


def check(
    text: str,
    name: str = "<text>",
    problem: Problem | str | None = None,
    declare: tuple[str, ...] = (),
) -> Report:
    r"""Judge every link of every chain in a document.

    ``text`` is Markdown or LaTeX; ``name`` is shown as its source; ``problem`` (or its id) is what the
    document answers:
    its declarations, givens and answers are in force from the start; ``declare`` are further declaration
    lines. The
    claims are in the order of the document; what cannot be judged is ``undecided`` or ``unread`` with its
    reason.
    Raises ``ProblemError`` for an unknown problem, ``DeclarationError`` for a declaration that says nothing.

    >>> report = check(r"$$0.66(1 - 0.66) = 0.22$$" "\n\n" r"$$2 + 3 = 6$$")
    >>> [(c.line, c.verdict) for c in report.claims], report.first_wrong
    ([(1, 'rounded'), (3, 'wrong')], 3)
    """
    if isinstance(problem, str):
        problem = find_problem(problem)
    lines = (*(problem.declarations if problem is not None else ()), *declare)
    declared = Declarations.parse(lines)
    document = read_document(text, name, declared)
    if problem is None and document.problem is not None:
        # The document says which problem it answers. A name that the bank does not know is only shown.
        with suppress(ProblemError):
            return check(text, name, find_problem(document.problem), declare)
    script = Script(declared)
    if problem is not None:
        script.take_in(problem)
    script.foresee(text, document.statements)
    for index, statement in enumerate(document.statements):
        script.put_in_early(document.statements, index)
        script.stand_under(candidates(document.statements, index))
        script.read(statement)
    return Report(name, tuple(script.claims), problem.id if problem is not None else document.problem)


class Script:
    """Reads statements one after the other; ``claims`` grows, and the scope with it."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.scope = Scope()
        self.namer = Namer(self.scope, declared)
        self.claims: list[Claim] = []
        self._lines: list[str] = []
        self._redefined: set[Tree] = (
            set()
        )  # names of known functions under which the writer has something else
        self._mapped: tuple[Tree, int] | None = None  # of which function the domain was last said, and where
        self._before: tuple[Tree | None, Side] | None = None  # how the last statement began and ended
        self.conditions: tuple[tuple[Relation, ...], ...] = ()  # under which the statement may be meant
        self._together = 0  # how many sides of the statement are names that are given one value
        self._own_e = False  # whether e is a quantity of the writer's
        self._problem = ""  # the heading of the problem that is being answered
        self._heading = ("", 0)  # the heading in force, and the first line that stood under it
        self._part = ("", 0)  # the label in force, and the first line that bore it
        self._case = ("", 0)  # what was last said of two indices, and where
        self._ends: list[tuple[Tree | None, Side]] = []  # the last chains: how each began and ended
        self._head: Tree | None = None  # what the chain that is being written began with
        self._good: Tree | None = None  # the last right side of a chain that went wrong
        self._gave_value: dict[Tree, int] = {}  # the claim that gave a name its value

    def take_in(self, problem: Problem) -> None:
        """Put a problem's givens and answers in force: for the whole script, whatever its headings."""
        texts = [(text, False) for text in problem.givens]
        texts += [(part.equation, True) for part in problem.parts]
        equations = [
            (statement.sides[0].tree, statement.sides[1].tree, answer)
            for text, answer in texts
            for statement in read_statements(text, self.declared)
            if len(statement.sides) > 1 and not any(side.unread for side in statement.sides)
        ]
        self._own_e = any(left == EULER for left, *_ in equations)
        for left, right, answer in equations:
            self.scope.section = ALWAYS
            self.namer.define(self._applied(left), self._applied(right), 0, answer)
        self.scope.section = 0
        for part in problem.parts:
            for value in part.operated.values if part.operated is not None else ():
                for places in range(1, MOST_PLACES + 1):
                    if value * 10**places % 1:  # who writes these digits has rounded what is asked for
                        self.scope.rounded.setdefault(f"{abs(float(value)):.{places}f}", 0)

    def read(self, statement: Statement) -> None:
        """Judge a statement's links and take in what it defines."""
        if statement.struck:
            return
        self._enter(statement.label, statement.place.line)
        if not statement.signs:
            self._alone(statement)
            return
        self._together = 0
        for k in range(len(statement.signs)):
            self._link(statement, k)
        self._remember(statement)

    def foresee(self, text: str, statements: Sequence[Statement]) -> None:
        """What is said anywhere and holds everywhere: the base of the logarithm, and what adds up to 1."""
        self._lines = text.splitlines()
        said = _BASE.search(text)
        if said is not None:
            self.scope.convention["log"] = {"ten": "10", "two": "2"}.get(said[1].lower(), said[1])
        firsts = [s.sides[0].tree for s in statements if s.signs[:1] in (("=",), (":=",)) and not s.continues]
        sides = [side.tree for s in statements for side in s.sides]
        written = [number for tree in sides for number in decimals(tree)]
        self.scope.decimal_points = not all(map(may_group, written))
        self._redefined = {f.function for f in firsts if isinstance(f, Call) and _in_two_arguments(f)}
        self._own_e = self._own_e or EULER in firsts or any(by_e(tree) for tree in sides)
        self.scope.symmetric = _SYMMETRIC.search(text) is not None
        self.scope.shares |= {weight for tree in sides for weight in weights_of_logs(tree)}
        for statement in statements:
            for left, right in itertools.pairwise(side.tree for side in statement.sides):
                if right == IDENTITY and isinstance(left, Multiply) and len(left.factors) == 2:
                    one, other = left.factors
                    if isinstance(one, Transpose) and one.operand == other:
                        self.scope.orthonormal.add(other)
                if isinstance(left, Big) and left.operator == "sum" and is_number(right, 1):
                    body = left.body
                    if isinstance(body, Indexed) and set(left.variables) <= set(access(body)[1]):
                        self.scope.shares.add(access(body)[0])

    def stand_under(self, conditions: tuple[tuple[Relation, ...], ...]) -> None:
        """The groups of conditions of which one may restrict the next statement."""
        self.conditions = tuple(
            tuple(Relation(r.sign, self._applied(r.left), self._applied(r.right)) for r in group)
            for group in conditions
        )

    def put_in_early(self, statements: Sequence[Statement], index: int) -> None:
        """``L = a - y = 0.2 where y = 1``: what is given behind a claim on its line is known in it."""
        if statements[index].role != "claim":
            return
        for statement in statements[index + 1 :]:
            if statement.place.line != statements[index].place.line or statement.role == "claim":
                return
            found = key_of(statement.sides[0].tree) if statement.signs[:1] == ("=",) else None
            if found is None or statement.sides[0].tree in _INDICES or any(s.unread for s in statement.sides):
                continue
            first, second = (self._applied(side.tree) for side in statement.sides[:2])
            stated = literal(second) or statement.role == "given" or isinstance(first, Call)
            claimed = key_of(statements[index].sides[0].tree)
            if claimed is not None and claimed[0] == found[0]:
                continue  # f'(x) = 1 if x > 0, f'(x) = 0 if x < 0: two cases of one claim
            if not self.scope.knows(found[0]) and stated:
                self.namer.define(first, second, statement.place.line)

    def _enter(self, label: str, line: int) -> None:
        """A new problem uses its letters anew."""
        if label != self._part[0]:
            self._part = (label, line)
        if label != self._heading[0] and re.search(r"[^\W\d]{3}", label):
            self._heading = (label, line)
            self.scope.spoken.clear()  # another loss, perhaps
        if _PROBLEM.match(label) and label != self._problem:
            self.scope.section += bool(self._problem)
            self._problem = label

    def _add(
        self, claim: Claim, place: Place, left: Side, sign: str | None = None, right: Side | None = None
    ) -> None:
        self.claims.append(
            replace(
                claim,
                line=place.line,
                column=place.column,
                left=_latex(left),
                right=None if right is None else _latex(right),
                relation=sign if sign in _RELATIONS else None,
            )
        )

    def _alone(self, statement: Statement) -> None:
        side = statement.sides[0]
        hole = _hole(side.tree)
        if hole is not None:
            self._add(Claim("unread", message=hole.reason), side.place, side)
        else:
            self._add(Claim("definition", message="stands alone: nothing is claimed"), side.place, side)

    def _link(self, statement: Statement, k: int) -> None:
        left, right, sign = statement.sides[k], statement.sides[k + 1], statement.signs[k]
        hole = _hole(left.tree) or _hole(right.tree)
        if hole is not None:
            claim = Claim("unread", message=hole.reason)
        else:
            try:
                check_numbers(left.tree)
                check_numbers(right.tree)
                claim = self._recovered(statement, k, self._judged(statement, k))
                claim = self._backward(statement, k, claim)
            except Refusal as refusal:
                claim = Claim("undecided", message=f"not computed: {refusal}")
            except (ArithmeticError, ValueError, RecursionError, MemoryError) as error:
                # What no ceiling foresaw must not cost the rest of the script its verdicts.
                claim = Claim("undecided", message=f"cannot be evaluated: {type(error).__name__}")
        self._add(claim, right.place, left, sign, right)
        if claim.verdict == "rounded":  # what was written there are roundings, from here on
            for number in decimals(right.tree):
                self.scope.rounded.setdefault(number.digits, right.place.line)

    def _backward(self, statement: Statement, k: int, claim: Claim) -> Claim:
        """A step of a backward pass of which nothing else could be said: of the gradient that the chain began
        with, as long as nothing in between was in doubt, or of the side before."""
        sides, signs = statement.sides, statement.signs
        if claim.verdict not in ("definition", "undecided") or signs[k] != "=" or statement.role != "claim":
            return claim
        sure = set(signs[:k]) <= {"="} and all(c.verdict == "correct" for c in self.claims[-k:] if k)
        right = self._applied(sides[k + 1].tree)
        place = sides[0].place
        for begin in (0, k) if k and sure else (k,):
            left = self._applied(sides[begin].tree)
            found = judge_backward(left, right, self.scope, self.declared, self._lead(place), place.line)
            if found is not None:
                return found
        return claim

    def _lead(self, place: Place) -> str:
        """What stands before a place on its line."""
        return self._lines[place.line - 1][: place.column - 1] if place.line <= len(self._lines) else ""

    def _judged(self, statement: Statement, k: int) -> Claim:
        left, right = (self._applied(side.tree) for side in statement.sides[k : k + 2])
        sign, line = statement.signs[k], statement.sides[k + 1].place.line
        first = k == 0 and not statement.continues
        if sign == "|->" or (sign == ":" and isinstance(left, Name)):
            self._map(left, right, sign, line)
        if sign in _DECLARING:
            return Claim("definition", message="says what a name is")
        if sign == ":=" or (sign == "=" and first and statement.role != "claim" and key_of(left) is not None):
            if sign == ":=" and depends_on(right, {left}):
                return Claim("definition", message="updates the name")
            self.namer.define(left, right, line)
            return Claim("definition", message="by definition" if sign == ":=" else "given")
        stated = statement.role == "given" and len(statement.signs) == 1 and not is_closed(left)
        if sign == "=" and first and stated:
            return Claim("definition", message="given")
        if is_letter(left) and is_letter(right) and sign in ("=", "!="):
            self._case = ("equal" if sign == "=" else "different", line)
            return Claim("definition", message="a case")
        if statement.role == "condition" or (first and in_passing(statement)):
            if first and sign == "=" and literal(right) and left not in _INDICES and puts_in(statement):
                self.namer.define(left, right, line)  # "at x = 2": the value that is put in
            return Claim("definition", message="a condition")
        joined = statement.continues and k == 0
        link = Link(left, right, sign, first, joined, line, self.conditions, case=self._case_at(line))
        lead = self._lead(statement.sides[0].place)
        link = replace(link, heading=self._heading[1], part=self._part[1], lead=lead)
        if k == 0:
            self._name_together(statement, line)
        if k < self._together:
            return Claim("definition", message="gives the name its value")
        if first and sign == "=" and len(statement.sides) > 2 and not has_a_value(left):
            *names, last = (side.tree for side in statement.sides)
            atoms = all(isinstance(n, (Name, Indexed)) and key_of(n) is not None for n in names)
            asked = self.scope.formulas.get(left)
            free = asked is None or asked.section != ALWAYS
            if atoms and free and literal(last) and not self._holds(left, right):
                self.namer.define(left, last, line)  # a = b = 0: both are 0, and neither comes from the other
                return Claim("definition", message="gives the name its value")
        if first and sign == "=":
            claim = self._goes_on(link, statement)
            if claim is not None:
                return claim
        if not link.arrow and sign in ("=", "~="):
            claim = self._naming(link, line, statement.words)
            if claim is not None:
                return claim
        claim = judge_link(link, self.scope, self.declared, statement.words)
        shown = conventions_shown(link, claim, self.scope, self.declared, statement.words)
        self.scope.shown = {**shown, **self.scope.shown}  # the first line that shows one decides
        if claim.wrong and self._redefined & set(_functions_in(link)):
            return Claim("undecided", message="a function's name that the writer uses for something else")
        if link.joined and claim.verdict not in RIGHT:
            claim = self._joined_elsewhere(link, statement) or claim
        if claim.verdict == "undecided" and sign in ("=", "~=") and is_closed(right):
            put_in = values_put_in(left, right, self._value_of)
            for name, number in put_in.items():
                self.namer.define(name, number, line)
            if put_in:
                said = ", ".join(f"{to_latex(n)} = {to_latex(v)}" for n, v in put_in.items())
                return Claim("definition", message=f"puts in {said}, which was not given before")
        if claim.verdict == "undecided" and sign == "=" and is_number(right, 0) and not is_closed(left):
            return Claim("definition", message="a condition on what is not known")
        if claim.verdict == "undecided" and not link.arrow and first and not has_a_value(left):
            key = key_of(right)
            if key is not None and not self.scope.knows(key[0]) and not depends_on(left, {key[0]}):
                self.namer.define(right, left, line)
                return Claim("definition", message="names the left side")
            unknown = is_closed(right) and solved_for(left, right)
            if sign in ("=", "~=") and unknown and isinstance(left, Call) and literal(right):
                self.scope.values[left] = Meaning(right, line, self.scope.section)  # sigma'(z) = 0.25
            if sign in ("=", "~=") and unknown and not any(self._given(n) for n in free_names(left)):
                return Claim("definition", message="a condition on what is not known")
        return claim

    def _map(self, left: Tree, right: Tree, sign: str, line: int) -> None:
        """``f: x \\mapsto x^2``, also where ``f: A \\to B`` stands on the same line before it."""
        if sign == ":":
            self._mapped = (left, line)
        elif self._mapped is not None and self._mapped[1] == line:
            inputs = left.items if isinstance(left, List) else (left,)
            self.namer.define(Call(self._mapped[0], inputs), right, line)

    def _name_together(self, statement: Statement, line: int) -> None:
        """``i_t = f_t = o_t = sigma(0.52)``: what several new names at the head of a chain are."""
        heads = [] if statement.continues else list(itertools.takewhile(self._is_new_name, statement.sides))
        rest = statement.sides[len(heads) :]
        equal = set(statement.signs[: len(heads)]) == {"="}
        self._together = len(heads) if len(heads) > 1 and rest and equal else 0
        for side in heads[: self._together]:
            self.namer.define(self._applied(side.tree), self._applied(rest[0].tree), line)

    def _is_new_name(self, side: Side) -> bool:
        found = key_of(side.tree) if isinstance(side.tree, (Name, Indexed)) else None
        return found is not None and not self.namer.means_something(Link(side.tree, side.tree, "="), found[0])

    def _holds(self, left: Tree, right: Tree) -> bool:
        return judge_link(Link(left, right, "="), self.scope, self.declared).verdict in RIGHT

    def _goes_on(self, link: Link, statement: Statement) -> Claim | None:
        """``y = 2 h = 1.8`` was read as two equations, but h is known: 2 h may be a product."""
        found = key_of(link.left)
        if self._before is None or found is None or not self.scope.knows(found[0]):
            return None
        head, end = self._before
        begin, number = statement.sides[0].place, number_of(end.tree)
        gap = begin.column - end.place.column - len(end.place.source)
        if number is None or begin.line != end.place.line or gap != 1:
            return None
        if self._lines[begin.line - 1][begin.column - 2 : begin.column - 1] != " ":
            return None
        product = Multiply((end.tree, link.left), ("",))
        claim = judge_link(replace(link, left=product, first=False), self.scope, self.declared)
        if claim.verdict in RIGHT and head is not None:
            self.namer.define(head, product, link.line)
            return claim
        as_read = judge_link(link, self.scope, self.declared, statement.words)
        return replace(as_read, verdict="undecided", expected=None) if as_read.wrong else None

    def _joined_elsewhere(self, link: Link, statement: Statement) -> Claim | None:
        """``a = b - c, c = 1`` and below it ``= 2 - 1``: which of them goes on is seen by what fits."""
        line = statement.sides[0].place.line
        for head, side in reversed([(h, s) for h, s in self._ends if s.place.line == line]):
            claim = judge_link(replace(link, left=side.tree), self.scope, self.declared, statement.words)
            if claim.verdict in RIGHT:
                self._head = head
                return claim
        return None

    def _value_of(self, name: Tree) -> Tree | None:
        """What a name is known to be; the name itself if it has a formula, so that no number is read off."""
        value = self.scope.values.get(name)
        return value.tree if value is not None else name if self._given(name) else None

    def _given(self, name: Tree) -> bool:
        base = access(name)[0] if isinstance(name, Indexed) else name
        return self.scope.knows(name) or self.scope.knows(base)

    def _applied(self, tree: Tree) -> Tree:
        r"""``d sigma / dz`` as the derivative of ``sigma(z)``, where no meaning was given to the letter."""
        tree = with_ones(tree)
        if self._own_e:
            tree = with_own_e(tree)
        return self._rewritten(tree)

    def _rewritten(self, tree: Tree) -> Tree:
        if isinstance(tree, Ambiguous) and names_a_gradient(tree) and not self.scope.knows(Name("d")):
            tree = tree.readings[0]
        tree = rebuild(tree, self._rewritten)
        of = tree.of if isinstance(tree, Derivative) else None
        if not isinstance(tree, Derivative) or not isinstance(of, Name) or len(tree.wrt) != 1:
            return tree
        known = function_name(of) in TABLE and not self.scope.knows(of) and of not in self.declared
        return replace(tree, of=Call(of, tree.wrt)) if known else tree

    def _case_at(self, line: int) -> str:
        return self._case[0] if line - self._case[1] <= 3 else ""

    def _recovered(self, statement: Statement, k: int, claim: Claim) -> Claim:
        """After a wrong link a side may be right again: it is compared with the last one that was."""
        left, right = statement.sides[k].tree, statement.sides[k + 1].tree
        if k == 0 and not statement.continues:
            self._good = None
        if not claim.wrong:
            return claim
        if self._good is not None and statement.signs[k] in ("=", "~="):
            again = judge_link(
                Link(self._good, right, "=", False), self.scope, self.declared, statement.words
            )
            if again.verdict in RIGHT:
                self._good = None
                message = "right again: equal to what stood before the slip"
                return replace(again, verdict="correct", note="recovered", message=message)
        self._good = self._good or left
        return claim

    def _naming(self, link: Link, line: int, words: str) -> Claim | None:
        """The verdict on a link whose left side is a name; None if it is not one, or the chain has passed
        it."""
        found = key_of(link.left)
        if found is not None and link.first:
            claim = self.namer.named(link, line, words)
            if self.namer.revision is not None:
                self._revise()
            elif claim.verdict == "definition" and literal(link.right) and not found[1]:
                self._gave_value[found[0]] = len(self.claims)
            return claim
        if found is not None and literal(link.right) and not self.namer.means_something(link, found[0]):
            self.namer.define(link.left, link.right, line)
            return Claim("definition", message="gives the name its value")
        if (
            link.first
            and isinstance(link.left, Transpose)
            and key_of(link.left.operand)
            and literal(link.right)
        ):
            claim = judge_link(link, self.scope, self.declared, words)
            given = Claim("definition", message="gives the name its value")
            return claim if claim.verdict in RIGHT or claim.wrong else given
        return self._entrywise(link, line) if link.first else None

    def _revise(self) -> None:
        revision = self.namer.revision
        at = self._gave_value.get(revision.key) if revision is not None else None
        if revision is None or at is None:
            return
        old, new = self.claims[at], revision.verdict
        self.claims[at] = replace(
            new, line=old.line, column=old.column, left=old.left, relation=old.relation, right=old.right
        )

    def _entrywise(self, link: Link, line: int) -> Claim | None:
        """``(s_1, s_2) = (0.6, 0.4)`` names every entry, if none has a meaning yet."""
        if not (isinstance(link.left, (List, Matrix)) and isinstance(link.right, (List, Matrix))):
            return None
        names, values = list(link.left.children()), list(link.right.children())
        keys = [key_of(n) for n in names]
        if len(names) != len(values) or any(k is None or k[1] for k in keys):
            return None
        if any(
            self.namer.means_something(Link(n, v, "="), k[0])
            for n, v, k in zip(names, values, keys, strict=True)
            if k is not None
        ):
            return None
        for name, value in zip(names, values, strict=True):
            self.namer.define(name, value, line)
        return Claim("definition", message="names the entries")

    def _remember(self, statement: Statement) -> None:
        """What the writer goes on with: the last value of the chain."""
        links = self.claims[-len(statement.signs) :]
        head = self._head if statement.continues else self._applied(statement.sides[0].tree)
        self._head = head
        self._before = (head, statement.sides[-1])
        self._ends = [*self._ends[-7:], (head, statement.sides[-1])]
        found = None if head is None else key_of(head)
        if found is None or (len(statement.sides) < 3 and not statement.continues):
            return
        if found[1]:  # c_t = f_t c_{t-1} + ... = 0.47: a value for this member of the family
            if not isinstance(head, Indexed):
                return
            found = (head, ())
        if any(sign not in ("=", "~=", "->") for sign in statement.signs) or statement.signs[0] == "->":
            return
        last = next((s.tree for s in reversed(statement.sides[1:]) if literal(s.tree)), None)
        if last is None:
            return
        verdicts = [c.verdict for c in links]
        if head is not None and all(v in RIGHT for v in verdicts if v != "definition"):
            self._measure(statement, head, last)
        if statement.continues and verdicts[0] not in RIGHT:
            return  # whether this line goes on with that chain is not sure
        self.scope.values[found[0]] = Meaning(
            last,
            statement.place.line,
            self.scope.section,
            rounded="rounded" in verdicts,
            wrong=any(v in ("wrong", "follows") for v in verdicts),
        )

    def _measure(self, statement: Statement, head: Tree, last: Tree) -> None:
        """How far the digits that end a right chain are from what its head is: later lines carry that on."""
        number = number_of(last)
        if number is None or number[1].places < 1:
            return
        try:
            true = self.scope.expand(head, "truth")
            if free_names(true.tree) - set(true.lets):
                return
            found = settled_value(true.tree, self.scope.convention, true.lets)
        except (Refusal, ArithmeticError, ValueError, RecursionError):
            return
        if not found.scalar:
            return
        off = abs(Fraction(float(plain(found.array[0]))) - number[0] * number[1].value)
        if 0 < off <= abs(number[1].value) / 100:
            self.scope.drift[number[1].digits] = off + off / 1000


def _functions_in(link: Link) -> list[Tree]:
    return [n.function for side in (link.left, link.right) for n in side.walk() if isinstance(n, Call)]


def _in_two_arguments(call: Call) -> bool:
    """``cos(u, v)``: of a function of one number, something else under its name."""
    return len(call.arguments) > 1 and function_name(call.function) in TABLE.keys() - {
        "sqrt"
    }  # it has a degree


def _hole(tree: Tree) -> Hole | None:
    return next((n for n in tree.walk() if isinstance(n, Hole)), None)


def _latex(side: Side) -> str:
    return side.place.source if side.unread else to_latex(side.tree)
