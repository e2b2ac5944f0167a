"""Putting in what names mean: formulas unfolded, values inserted, and what is differentiated by kept as a
name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.judging.compare import free_names, is_closed
from derive.judging.digits import as_rounded
from derive.judging.limits import TooLarge, Unknown
from derive.judging.names import HELD, access, function_name, is_letter
from derive.judging.ranks import rank_made
from derive.judging.trees import rational, rebuild, rename_bound, substitute
from derive.judging.values import plain_name
from derive.marking.recurrences import NOTHING, Given
from derive.marking.scope import Expansion, Meaning, Mode, Scope, literal, of_variables
from derive.reading import to_latex
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

#: A recursion such as ``v_t = b v_{t-1} + ...`` is followed down so many steps.
MAX_RECURSION = 60


class Worker:
    """Puts meanings into one formula; :meth:`Scope.expand` is the way to use it."""

    def __init__(self, scope: Scope, mode: Mode, expansion: Expansion, shape: tuple[int, int] | None) -> None:
        self.scope, self.mode, self.expansion, self.shape = scope, mode, expansion, shape
        self.open: list[Tree] = []
        self.kept: list[Tree] = []
        self.nodes = 0
        self.origin = 1  # where the indices of a sum start
        self.fixed: frozenset[Tree] = frozenset()  # names that stand for their value alone
        self.one_step = False  # of a recurrence: what an earlier step gave is a quantity of its own
        self.given: Given = NOTHING  # the members of recurrences that are not put in
        self.direct = False  # partial derivatives of what a name is said to be, all other names held fixed

    def put_in(self, tree: Tree) -> Tree:
        self.nodes += 1
        if self.nodes > 20_000:
            raise TooLarge("the definitions unfold without end")
        if tree in self.kept:
            return tree
        match tree:
            case Number() if self.mode == "own" and tree.places > 1 and tree.digits in self.scope.rounded:
                return self.scope.as_carried(tree)
            case Name():
                return self._name(tree)
            case Indexed():
                return self._indexed(tree)
            case Call():
                return self._call(tree)
            case Derivative():
                return self._derivative(tree)
            case Transpose() if not isinstance(tree.operand, List):
                inner = self.put_in(tree.operand)
                # The value of a name is a column, even where it was written as a list.
                column = Matrix(tuple((i,) for i in inner.items)) if isinstance(inner, List) else inner
                return replace(tree, operand=column)
            case Power() if tree in self.scope.values or tree in self.scope.formulas:
                return self._name(tree)
            case Big():
                self.origin = 0 if isinstance(tree.lower, Number) and tree.lower.value == 0 else self.origin
                return replace(
                    tree,
                    lower=None if tree.lower is None else self.put_in(tree.lower),
                    upper=None if tree.upper is None else self.put_in(tree.upper),
                    body=self.put_in(tree.body),
                    condition=None if tree.condition is None else self.put_in(tree.condition),
                )
            case _:
                return rebuild(tree, self.put_in)

    def _meanings(self, key: Tree) -> Iterator[Meaning]:
        formula, value = self.scope.formulas.get(key), self.scope.values.get(key)
        order = (value, formula) if self.mode == "own" else (formula, value)
        for meaning in order:
            if meaning is None or (self.mode == "general" and meaning is value):
                continue
            yield meaning

    def _has_meaning(self, key: Tree) -> bool:
        return any(True for _ in self._meanings(key))

    def _unfold(self, key: Tree | None, meaning: Meaning, table: dict[Tree, Tree] | None = None) -> Tree:
        self.expansion.used.append(meaning)
        if key is not None and meaning is self.scope.values.get(key):
            self.expansion.values.append(meaning)
            own = meaning.rounded and self.mode == "own"
            return as_rounded(meaning.tree, drift=self.scope.drift) if own else meaning.tree
        body = rename_bound(meaning.tree)
        if table:
            body = fold_indices(substitute(body, table))
        if key is None:
            return self.put_in(body)
        self.open.append(key)
        try:
            return self.put_in(body)
        finally:
            self.open.pop()

    def _name(self, name: Tree) -> Tree:
        if name in self.open:
            return name
        if name in self.fixed:
            return self._held(name)
        if self.kept and (dependent := self._dependent(name)) is not None:
            return dependent
        for meaning in self._meanings(name):
            if meaning.parameters:
                whole = self._whole(name, meaning)
                if whole is not None:
                    return whole
                continue
            result = self._unfold(name, meaning)
            # A formula that still lacks a given says less than the value that was written for it.
            if (
                self.mode == "truth"
                and meaning is self.scope.formulas.get(name)
                and name in self.scope.values
            ) and not self._complete(result):
                continue
            return result
        square = Power(name, Number("2"))
        if square not in self.open and self._has_meaning(square):
            return Call(Name("sqrt"), (self.put_in(square),))  # sigma, of which sigma^2 was said what it is
        return name

    def _dependent(self, name: Tree) -> Tree | None:
        """Inside a derivative: the formula of the name, if the variable occurs in it, whatever value it
        has."""
        formula = self.scope.formulas.get(name)
        if formula is None:
            return None
        result = self._whole(name, formula) if formula.parameters else self._unfold(name, formula)
        return result if result is not None and _mentions(result, self.kept) else None

    def _complete(self, tree: Tree) -> bool:

        known = {*self.kept, *self.expansion.lets}
        return all(n in known or (isinstance(n, Indexed) and access(n)[0] in known) for n in free_names(tree))

    def _whole(self, name: Tree, meaning: Meaning) -> Tree | None:
        """The vector or matrix that a family fills, if its size is known from the other side."""
        if self.shape is None or (self.mode == "general" and not self.kept):
            return None
        rows, columns = self.shape
        if len(meaning.parameters) == 1:
            count = max(rows, columns)
            entries = [self._entry(name, meaning, (Number(str(r + 1)),)) for r in range(count)]
            return List(tuple(entries))
        if len(meaning.parameters) == 2 and rows * columns <= 400:
            grid = [
                tuple(
                    self._entry(name, meaning, (Number(str(r + 1)), Number(str(c + 1))))
                    for c in range(columns)
                )
                for r in range(rows)
            ]
            return Matrix(tuple(grid))
        return None

    def _entry(self, name: Tree, meaning: Meaning, indices: tuple[Tree, ...]) -> Tree:
        """One member of a family; a recursion goes down to the member whose value was given."""
        member = Indexed(name, indices)
        if self.one_step and any(map(is_given, indices)):
            return member
        if self.given.concerns(name, indices, self.scope.formulas):
            if self.given.holds(name, indices, self.scope.formulas):
                return member
            inside = False
        else:
            inside = any(isinstance(key, Indexed) and key.base == name for key in self.open)
        if member in self.open or len(self.open) > MAX_RECURSION or self._begins(name, meaning, indices):
            return member
        if inside and not self.one_step and not all(isinstance(i, Number) for i in indices):
            return member  # c_{t-1} in the formula of c_t: there is no end to that
        self.open.append(member)
        try:
            return self._unfold(None, meaning, dict(zip(meaning.parameters, indices, strict=True)))
        finally:
            self.open.pop()

    def _begins(self, family: Tree, meaning: Meaning, indices: tuple[Tree, ...]) -> bool:
        """Whether a recurrence begins with this member: it goes back to members below 0 that nobody gave."""
        if not all(isinstance(i, Number) for i in indices):
            return False
        table = dict(zip(meaning.parameters, indices, strict=True))
        for node in meaning.tree.walk():
            if isinstance(node, Indexed) and access(node)[0] == family:
                before = fold_indices(substitute(node, table), below=True)
                assert isinstance(before, Indexed)
                if any(isinstance(i, Negative) for i in access(before)[1]):
                    return before not in self.scope.values and before not in self.scope.formulas
        return False

    def _indexed(self, tree: Indexed) -> Tree:
        if tree in self.fixed:
            return self._held(tree)
        base, indices = access(tree)
        family = self.scope.formulas.get(base)
        belongs = bool(self.kept) and family is not None and bool(family.parameters)
        known = self._has_meaning(tree) or self._has_meaning(Power(tree, Number("2")))
        own = self.scope.formulas.get(tree)
        starts = own is not None and not is_closed(own.tree)  # h_1 = u x_1: where a recurrence begins
        if belongs and family is not None and tree in self.scope.values:
            starts = starts or self._begins(base, family, indices)
        if tree not in self.open and (starts or not belongs) and known:
            result = self._name(tree)
            if result != tree:
                return result
        written = self.scope.values.get(tree.base)
        if (
            not indices
            and written is not None
            and isinstance(written.tree, Matrix)
            and self.mode != "general"
        ) and (
            tree.base not in self.kept and all(isinstance(i, Number) for i in tree.lower) and not tree.upper
        ):
            return Indexed(
                self._unfold(tree.base, written), tree.lower
            )  # W_{12} of a matrix that was written out
        if not indices or not isinstance(base, (Name, Indexed)):
            return tree if isinstance(tree.base, (Name, Indexed)) else rebuild(tree, self.put_in)
        if base in self.kept or base in self.open:
            return tree
        for meaning in self._meanings(base):
            if meaning.parameters:
                if len(meaning.parameters) == len(indices):
                    return self._entry(base, meaning, indices)
                continue
            if len(indices) and literal(meaning.tree) and not isinstance(meaning.tree, (Number, Negative)):
                return Indexed(self._unfold(base, meaning), indices)
            whole = self._unfold(base, meaning)
            if isinstance(whole, (List, Matrix)) or (
                all(map(_numbers_entries, indices)) and rank_made(whole) == len(indices)
            ):
                return Indexed(whole, indices)
        gathered = (
            self._gather(base) if self.mode != "general" and any(is_letter(i) for i in indices) else None
        )
        return Indexed(gathered, indices) if gathered is not None else tree

    def _gather(self, base: Tree) -> Tree | None:
        """x_1, x_2, x_3 written one by one make the vector that x_j runs over."""
        entries: list[Tree] = []
        known = {**self.scope.values, **self.scope.formulas}
        while (key := Indexed(base, (Number(str(len(entries) + self.origin)),))) in known:
            if key in self.open:
                return None
            entries.append(self._name(key))
        return List(tuple(entries)) if entries else None

    def _call(self, tree: Call) -> Tree:
        if tree in self.scope.values or tree in self.scope.formulas:
            return self._name(tree)
        arguments = tuple(self.put_in(a) for a in tree.arguments)
        function = tree.function
        if isinstance(function, Name) and "prime" in function.marks:
            return self._primed(function, arguments, tree)
        meaning = self.scope.functions.get(function)
        if meaning is not None and function not in self.open and len(meaning.parameters) == len(arguments):
            return self._unfold(function, meaning, dict(zip(meaning.parameters, arguments, strict=True)))
        if function_name(function) is None and meaning is None and len(arguments) == 1:
            formula = self.scope.formulas.get(function)
            if formula is not None and function not in self.open and not formula.parameters:
                free = [n for n in free_names(formula.tree) if n not in self.scope.values]
                names = [n for n in free if isinstance(n, Name)]
                if len(names) == 1:  # g = {1 if z > 0, ...} and then g(0)
                    return self._unfold(function, formula, {names[0]: arguments[0]})
            of_another = of_variables(function)  # H is 1.5, and H(q) the entropy of something else
            if function in self.scope.values and isinstance(function, (Name, Indexed)) and not of_another:
                return Multiply((self._name(function), arguments[0]), ("",))
        if isinstance(function, Indexed) and function_name(function.base) is None:
            return Call(function, arguments)
        return Call(function, arguments)

    def _primed(self, function: Name, arguments: tuple[Tree, ...], tree: Call) -> Tree:
        known = Name(function.text, (), function.font)
        meaning = self.scope.functions.get(known)
        if function_name(known) is not None or meaning is None or len(arguments) != 1:
            return Call(function, arguments)
        variable = Name(f"{function.text}#argument{len(self.expansion.lets)}")
        self.expansion.lets[variable] = arguments[0]
        body = self._unfold(known, meaning, {meaning.parameters[0]: variable})
        return Derivative(body, (variable,) * function.marks.count("prime"), "d")

    def _derivative(self, tree: Derivative) -> Tree:
        key = replace(tree, kind="partial" if tree.kind == "d" else tree.kind)
        if tree.of is None:
            return tree
        if tree.kind == "nabla" and not tree.wrt and (gradient := self._gradient(tree.of)) is not None:
            return gradient
        kept = [self._variable(v) for v in tree.wrt]
        self.kept.extend(kept)
        try:
            of = self._held_fixed(tree.of, kept) if self.direct else self.put_in(tree.of)
            if not _mentions(of, kept):
                of = self._otherwise(tree.of, kept) or of
        finally:
            del self.kept[len(self.kept) - len(kept) :]
        if isinstance(tree.of, (Name, Indexed, Call)) and not _mentions(of, kept):
            for meaning in self._meanings(key):
                if key not in self.open:
                    return self._unfold(key, meaning)
            family = self._jacobian(tree)
            if family is not None:
                return family
            # That the variable does not occur does not make the slope zero: other names may depend on it.
            raise Unknown("how what is differentiated depends on the variable is not stated")
        for variable in kept:
            self._let(variable)
        return replace(tree, of=of)

    def _gradient(self, of: Tree) -> Tree | None:
        """``nabla f`` and ``nabla f(1, 2)``: the partial derivatives by all arguments of a known function."""
        function, arguments = (of.function, of.arguments) if isinstance(of, Call) else (of, None)
        meaning = self.scope.functions.get(function)
        if meaning is None or (arguments is not None and len(arguments) != len(meaning.parameters)):
            return None
        variables: list[Tree] = []
        for place, parameter in enumerate(meaning.parameters):
            variables.append(Name(f"{plain_name(parameter)}#{len(self.expansion.lets)}"))
            at = parameter if arguments is None else arguments[place]
            self.expansion.lets[variables[-1]] = self.put_in(at)
        table = dict(zip(meaning.parameters, variables, strict=True))
        body = self._unfold(None, meaning, table)
        slopes = tuple(Derivative(body, (variable,), "partial") for variable in variables)
        return slopes[0] if len(slopes) == 1 else List(slopes)

    def _jacobian(self, tree: Derivative) -> Tree | None:
        """The matrix that ``dp_i/dz_j = ...`` fills, for ``dp/dz``."""
        for key, meaning in self.scope.formulas.items():
            if not (isinstance(key, Derivative) and len(key.wrt) == len(tree.wrt) == 1 and self.shape):
                continue
            top, bottom = key.of, key.wrt[0]
            if not (isinstance(top, Indexed) and isinstance(bottom, Indexed)) or key in self.open:
                continue
            (of, i), (by, j) = access(top), access(bottom)
            if (of, by) != (tree.of, tree.wrt[0]) or len(i) != 1 or len(j) != 1 or i == j:
                continue
            rows, columns = self.shape
            if rows * columns > 400:
                raise TooLarge("a matrix with too many entries")
            numbers = [
                [{i[0]: Number(str(r + 1)), j[0]: Number(str(c + 1))} for c in range(columns)]
                for r in range(rows)
            ]
            return Matrix(tuple(tuple(self._unfold(None, meaning, dict(t)) for t in row) for row in numbers))
        return None

    def _held_fixed(self, of: Tree, kept: list[Tree]) -> Tree:
        """The formula as it was stated, every other name with a meaning in it standing for its value
        alone."""
        base, indices = access(of) if isinstance(of, Indexed) else (of, ())
        formula = self.scope.formulas.get(of) or self.scope.formulas.get(base)
        body = of
        if formula is not None and len(formula.parameters) == len(indices):
            table = dict(zip(formula.parameters, indices, strict=True))
            body = fold_indices(substitute(rename_bound(formula.tree), table))
        if formula is not None:
            self.expansion.used.append(formula)
        held: dict[Tree, Tree] = {}
        for name in sorted(free_names(body), key=repr):
            if name in kept or (isinstance(name, Indexed) and access(name)[0] in kept):
                continue
            held[name] = self._held(name)
        return substitute(body, held)

    def _held(self, name: Tree) -> Tree:
        """A name that stands for the value of this one and depends on nothing."""
        fixed, self.fixed = self.fixed, frozenset()
        try:
            meaning = self.put_in(name)
        finally:
            self.fixed = fixed
        if meaning == name:
            return name
        held = Name(f"{HELD}{plain_name(name)}")
        self.expansion.lets[held] = meaning
        return held

    def _otherwise(self, of: Tree, kept: list[Tree]) -> Tree | None:
        """Another formula of the same name in which the variable does occur: f = q + x beside f = x + yz."""
        meaning = self.scope.formulas.get(of)
        for other in reversed(meaning.others if meaning is not None else ()):
            result = self._unfold(of, replace(meaning, tree=other)) if meaning is not None else other
            if _mentions(result, kept):
                return result
        return None

    def _variable(self, variable: Tree) -> Tree:
        """What stays a name while the body is put in: x itself, or all of x for x_j."""
        if isinstance(variable, Indexed):
            base, indices = access(variable)
            if self.one_step and any(map(numbers_steps, indices)):
                return variable
            single = variable in self.scope.values or variable in self.scope.formulas
            number = self.scope.values.get(base)
            single = single or (number is not None and isinstance(number.tree, (Number, Negative)))
            if indices and not single and isinstance(base, (Name, Indexed)):
                return base
        return variable

    def _let(self, variable: Tree) -> None:
        """The point at which the derivative is taken: the variable's own value or formula."""
        if variable in self.expansion.lets:
            return
        value = self._name(variable) if not isinstance(variable, Indexed) else self._indexed(variable)
        if value != variable:
            self.expansion.lets[variable] = value


_STEPS = ("t", "tau")


def numbers_steps(index: Tree) -> bool:
    """Whether an index is a step of a recurrence: ``t``, ``t - 1``."""
    return any(isinstance(node, Name) and node.text in _STEPS for node in index.walk())


def in_one_step(*trees: Tree) -> bool:
    """Whether it is about slopes within a step of a recurrence."""
    by = [v for tree in trees for n in tree.walk() if isinstance(n, Derivative) for v in n.wrt]
    return any(numbers_steps(index) for v in by if isinstance(v, Indexed) for index in access(v)[1])


def is_given(index: Tree) -> bool:
    """``t - 1``, ``t + 2``: a step that is neither the one spoken of nor the next."""
    if not numbers_steps(index) or not isinstance(index, Add):
        return False
    return any(isinstance(part, Negative) or (rational(part) or 0) > 1 for part in index.terms)


def one_of_each_step(tree: Tree) -> Tree:
    """``c_t`` and ``c_{t-1}`` as two quantities: their step is a label."""
    tree = rebuild(tree, one_of_each_step)
    if not isinstance(tree, Indexed) or not all(map(numbers_steps, access(tree)[1])):
        return tree
    labels = tuple(Name(to_latex(item), ("step",)) if numbers_steps(item) else item for item in tree.lower)
    upper = tuple(Name(to_latex(item), ("step",)) if numbers_steps(item) else item for item in tree.upper)
    return replace(tree, lower=labels, upper=upper)


def _numbers_entries(index: Tree) -> bool:
    """Whether an index numbers the entries of a vector: bound by a sum, or a customary letter for that.

    Another letter may number examples or steps.
    """
    return isinstance(index, Name) and ("#" in index.text or index.text in "ijkl")


def _mentions(tree: Tree, names: list[Tree]) -> bool:
    wanted = set(names)
    for node in tree.walk():
        if node in wanted or (isinstance(node, Indexed) and access(node)[0] in wanted):
            return True
    return False


def fold_indices(tree: Tree, below: bool = False) -> Tree:
    """``v_{3 - 1}`` is ``v_2``; ``v_{0 - 1}`` stays, unless members ``below`` 0 are asked for."""
    tree = rebuild(tree, lambda part: fold_indices(part, below))
    if not isinstance(tree, Indexed):
        return tree
    return replace(tree, lower=tuple(_folded(item, below) for item in tree.lower))


def _folded(item: Tree, below: bool) -> Tree:
    """``3 - 1`` as 2, ``t + 1 - 1`` as t."""
    if not isinstance(item, Add):
        return item
    terms = [part for term in item.terms for part in (term.terms if isinstance(term, Add) else (term,))]
    numbers = [rational(term) for term in terms]
    total = sum(n for n in numbers if n is not None)
    rest = [term for term, n in zip(terms, numbers, strict=True) if n is None]
    if (
        total != int(total)
        or (not rest and total < 0 and not below)
        or len(numbers) - len(rest) < (2 if rest else 1)
    ):
        return item
    number = Number(str(abs(int(total))))
    if not rest:
        return number if total >= 0 else Negative(number)
    left = rest if not total else [*rest, number if total > 0 else Negative(number)]
    return left[0] if len(left) == 1 else Add(tuple(left))
