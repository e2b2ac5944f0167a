"""A whole document: its statements in order, each link judged with what is in force at its line."""

from __future__ import annotations

from dataclasses import replace

from derive.judging.claim import Claim
from derive.judging.compare import INEQUALITIES, is_closed
from derive.judging.limits import Refusal
from derive.judging.names import access
from derive.judging.trees import depends_on
from derive.bank import Problem, find_problem
from derive.marking.links import RIGHT, Link, judge_link
from derive.marking.report import Report
from derive.marking.scope import ALWAYS, Meaning, Scope, key_of, literal
from derive.reading import Declarations, read_document, read_statements, to_latex
from derive.reading.statement import Place, Side, Statement
from derive.reading.tree import Call, Derivative, Ellipsis, Hole, Indexed, List, Matrix, Name, Tree

_RELATIONS = {"=", "~=", "<", "<=", ">", ">=", "!=", "->", ":="}


def check(
    text: str,
    name: str = "<text>",
    problem: Problem | str | None = None,
    declare: tuple[str, ...] = (),
) -> Report:
    r"""Judge every link of every chain in a document.

    ``text`` is Markdown or LaTeX; ``name`` is shown as its source; ``problem`` (or its id) is what the document answers:
    its declarations, givens and answers are in force from the start; ``declare`` are further declaration lines. The
    claims are in the order of the document; what cannot be judged is ``undecided`` or ``unread`` with its reason.
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
    script = Script(declared)
    if problem is not None:
        script.take_in(problem)
    for statement in document.statements:
        script.read(statement)
    return Report(name, tuple(script.claims), problem.id if problem is not None else document.problem)


class Script:
    """Reads statements one after the other; ``claims`` grows, and the scope with it."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.scope = Scope()
        self.claims: list[Claim] = []
        self._label: str | None = None
        self._named_by: dict[Tree, int] = {}  # the claim that gave a name its value

    def take_in(self, problem: Problem) -> None:
        """Put a problem's givens and answers in force: for the whole script, whatever its headings."""
        self.scope.section = ALWAYS
        for text in (*problem.givens, *(part.answer for part in problem.parts)):
            for statement in read_statements(text, self.declared):
                if len(statement.sides) > 1 and not any(_hole(side.tree) for side in statement.sides):
                    self._define(statement.sides[0].tree, statement.sides[1].tree, statement.place)
        self.scope.section = 0
        self._named_by.clear()

    def read(self, statement: Statement) -> None:
        """Judge a statement's links and take in what it defines."""
        if statement.struck:
            return
        if statement.label != self._label:
            self._label = statement.label
            self.scope.section += 1
        if not statement.signs:
            self._alone(statement)
            return
        for k, sign in enumerate(statement.signs):
            self._link(statement, k, sign)
        self._remember_chain(statement)

    # -- claims ------------------------------------------------------------------------------------------

    def _add(self, claim: Claim, place: Place, left: Side | None = None, sign: str | None = None, right: Side | None = None) -> None:
        self.claims.append(
            replace(
                claim,
                line=place.line,
                column=place.column,
                left=None if left is None else _latex(left),
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

    def _link(self, statement: Statement, k: int, sign: str) -> None:
        left, right = statement.sides[k], statement.sides[k + 1]
        hole = _hole(left.tree) or _hole(right.tree)
        if hole is not None:
            claim = Claim("unread", message=hole.reason)
        else:
            claim = self._judged(left.tree, right.tree, sign, k == 0, right.place, statement.continues and k == 0)
        self._add(claim, right.place, left, sign, right)

    def _judged(self, left: Tree, right: Tree, sign: str, first: bool, place: Place, joined: bool = False) -> Claim:
        if sign in ("in", "~", "propto"):
            return Claim("definition", message="says what a name is")
        if sign == ":=":
            self._define(left, right, place)
            return Claim("definition", message="by definition")
        link = Link(left, right, sign, first and not joined, joined)
        if sign in INEQUALITIES:
            claim = judge_link(link, self.scope, self.declared)
            if claim.verdict == "undecided" and not is_closed(left):
                return Claim("definition", message="a condition")
            return claim
        if first and not link.arrow and key_of(left) is not None:
            return self._named(link, place)
        if first and not link.arrow and (claims := self._entrywise(link, place)) is not None:
            return claims
        claim = judge_link(link, self.scope, self.declared)
        if claim.verdict == "undecided" and not link.arrow and first and not is_closed(left):
            key = key_of(right)
            if key is not None and not self.scope.knows(key[0]) and not _mentions(left, key[0]):
                self._define(right, left, place)
                return Claim("definition", message="names the left side")
        return claim

    def _entrywise(self, link: Link, place: Place) -> Claim | None:
        """``(s_1, s_2) = (0.6, 0.4)`` names every entry, if none has a meaning yet."""
        if not (isinstance(link.left, (List, Matrix)) and isinstance(link.right, (List, Matrix))):
            return None
        names, values = list(link.left.children()), list(link.right.children())
        keys = [key_of(n) for n in names]
        if len(names) != len(values) or any(k is None or k[1] for k in keys):
            return None
        if any(self._meant_before(n, k[0]) for n, k in zip(names, keys, strict=True) if k is not None):
            return None
        for name, value in zip(names, values, strict=True):
            self._define(name, value, place)
        return Claim("definition", message="names the entries")

    # -- names -------------------------------------------------------------------------------------------

    def _named(self, link: Link, place: Place) -> Claim:
        """A chain that begins with a name: a definition, or a claim about what the name already means."""
        found = key_of(link.left)
        assert found is not None
        key, parameters = found
        if _mentions(link.right, key) and not isinstance(key, Call):
            known = self.scope.knows(key)
            return Claim("definition", message="an update of the name" if not known else "updates the name")
        if not self._meant_before(link.left, key):
            self._define(link.left, link.right, place)
            return Claim("definition", message="gives the name its meaning")
        given_only = key in self.scope.values and not self._computable(link.left, key)
        if given_only:
            return self._explained(link, key, parameters, place)
        claim = judge_link(link, self.scope, self.declared)
        settled = claim.verdict in RIGHT or (claim.verdict == "wrong" and self._fixed(link, key))
        if settled or (claim.verdict == "undecided" and literal(link.right)):
            self._note_value(link, claim, place)
            if claim.verdict == "correct" and not literal(link.right) and key in self.scope.formulas:
                old = self.scope.formulas[key]
                self.scope.formulas[key] = replace(old, others=(*old.others, link.right))
            missing = claim.verdict == "undecided" and claim.note is None
            return replace(claim, note="missing-given") if missing else claim
        self._define(link.left, link.right, place)
        return Claim("definition", message="gives the name a new meaning")

    def _explained(self, link: Link, key: Tree, parameters: tuple[Tree, ...], place: Place) -> Claim:
        """A name that has only a value gets another value, or the formula from which the value should have come."""
        value = self.scope.values[key]
        self._define(link.left, link.right, place)
        if literal(link.right):
            return Claim("definition", message="gives the name its value")
        check = judge_link(Link(key, value.tree, "="), self.scope, self.declared)
        earlier = self._named_by.get(key)
        about_it = earlier is not None and value.section == self.scope.section
        if about_it and earlier is not None and (check.verdict in RIGHT or (check.wrong and parameters)):
            old = self.claims[earlier]
            self.claims[earlier] = replace(
                check, line=old.line, column=old.column, left=old.left, relation=old.relation, right=old.right
            )
            self.scope.values[key] = replace(value, rounded=check.verdict == "rounded", wrong=check.wrong)
        elif check.wrong:
            self.scope.values.pop(key, None)
        return Claim("definition", message="says how the value comes about")

    def _meant_before(self, left: Tree, key: Tree) -> bool:
        """Whether this name, or the family or vector that it belongs to, has a meaning here."""
        if self.scope.knows(key):
            return True
        expanded = None
        try:
            expanded = self.scope.expand(left, "truth").tree
        except Refusal:
            return False
        return expanded is not None and expanded != left and self._same_section(left)

    def _same_section(self, left: Tree) -> bool:
        if isinstance(left, Indexed):
            return self.scope.knows(access(left)[0])
        if isinstance(left, Call) and isinstance(left.function, Name):
            return self.scope.knows(Name(left.function.text, (), left.function.font))
        return isinstance(left, Derivative)

    def _computable(self, left: Tree, key: Tree) -> bool:
        if key in self.scope.formulas or isinstance(left, (Derivative, Call)):
            return True
        return isinstance(left, Indexed) and access(left)[0] in self.scope.formulas

    def _fixed(self, link: Link, key: Tree) -> bool:
        """Whether a link that fails is wrong: otherwise its name may have been given a new meaning."""
        if isinstance(link.left, Derivative) or (isinstance(link.left, Call) and not self.scope.knows(key)):
            return True
        meaning = self.scope.formulas.get(key)
        return literal(link.right) or is_closed(link.right) or (meaning is not None and meaning.section == ALWAYS)

    def _note_value(self, link: Link, claim: Claim, place: Place) -> None:
        found = key_of(link.left)
        if found is None or found[1] or not literal(link.right):
            return
        self.scope.values[found[0]] = Meaning(
            link.right,
            place.line,
            self.scope.section,
            rounded=claim.verdict == "rounded",
            wrong=claim.verdict in ("wrong", "follows"),
        )

    def _define(self, left: Tree, right: Tree, place: Place) -> None:
        found = key_of(left)
        if found is None or any(isinstance(n, (Ellipsis, Hole)) for n in right.walk()):
            return
        key, parameters = found
        meaning = Meaning(right, place.line, self.scope.section, parameters)
        if isinstance(left, Call) and parameters:
            self.scope.functions[key] = meaning
            self.scope.formulas.setdefault(key, replace(meaning, parameters=()))
        elif literal(right) and not parameters:
            self.scope.formulas.pop(key, None)
            self.scope.values[key] = meaning
            self._named_by[key] = len(self.claims)
        else:
            self.scope.formulas[key] = meaning
            if not parameters and key in self.scope.values and self.scope.values[key].section != self.scope.section:
                self.scope.values.pop(key)

    def _remember_chain(self, statement: Statement) -> None:
        """The last value of ``z = wx + b = ... = 0.3`` is what the writer goes on with."""
        found = key_of(statement.sides[0].tree)
        if found is None or found[1] or any(sign not in ("=", "~=", "->") for sign in statement.signs):
            return
        last = next((s.tree for s in reversed(statement.sides[1:]) if literal(s.tree)), None)
        if last is None or len(statement.sides) < 3 or statement.signs[0] == "->":
            return
        verdicts = [c.verdict for c in self.claims[-len(statement.signs) :]]
        self.scope.values[found[0]] = Meaning(
            last,
            statement.place.line,
            self.scope.section,
            rounded="rounded" in verdicts,
            wrong=any(v in ("wrong", "follows") for v in verdicts),
        )


def _mentions(tree: Tree, key: Tree) -> bool:
    return depends_on(tree, {key})


def _hole(tree: Tree) -> Hole | None:
    return next((n for n in tree.walk() if isinstance(n, Hole)), None)


def _latex(side: Side) -> str:
    return side.place.source if _hole(side.tree) is not None else to_latex(side.tree)
