"""Answers that an operation of the catalogue gives on the problem's numbers.

.. code-block:: toml

    [[operations]]
    name = "layer"
    operation = "conv2d"
    inputs = { x = "I", W = "K", b = "0" }
    settings = { stride = 2, padding = 1 }
    without = ["N", "C", "O"]
    upstream = "G"

    [[parts]]
    id = "a"
    question = "Compute the output $Y$."
    marks = 4
    answer = 'Y'
    operation = "layer"

``inputs`` says which given each input is (or one number for all of its entries); ``without`` names the
sizes that are 1 here, whose axes the problem does not write. A part asks for the output, or with ``find`` for
another name of the definition (``"mu"``), or for a gradient: ``"dx"``, ``"dmu"`` of a loss behind the output,
whose gradient by the output is ``upstream``, or of the output itself where that is a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from derive.bank.entries import Entries, entries_of, fraction_of, together
from derive.bank.errors import ProblemError
from derive.reading import to_latex
from derive.reading.tree import Hole, Indexed, Name, Tree

if TYPE_CHECKING:
    from derive.bank.entrywise import Entrywise
    from derive.derivation.derivation import Section
    from derive.ops.definition import Input, Operation
    from derive.tensor.nodes import Tensor
    from derive.tensor.program import Statement

UPSTREAM = "g"


@dataclass(frozen=True)
class Run:
    """An operation with what it is run on.

    ``inputs`` and ``upstream`` are numbers or the names of givens, ``givens`` and ``declarations`` those of
    the problem.
    """

    name: str
    inputs: Mapping[str, str]
    settings: Mapping[str, Fraction] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    upstream: str | None = None
    givens: tuple[str, ...] = ()
    declarations: tuple[str, ...] = ()

    @cached_property
    def _known(self) -> dict[Tree, Tree]:
        """The givens by their names."""
        from derive.reading import Declarations, read_statements

        declared = Declarations.parse(self.declarations)
        found = {}
        for given in self.givens:
            for statement in read_statements(given, declared):
                if len(statement.sides) == 2:
                    found[statement.sides[0].tree] = statement.sides[1].tree
        return found

    def quantity(self, text: str) -> tuple[Tree | None, Tree]:
        """The name and the value of what an input is; no name for a plain number."""
        from derive.reading import Declarations, read_statements

        (statement,) = read_statements(text, Declarations.parse(self.declarations))
        tree = statement.sides[0].tree
        if tree in self._known:
            return tree, self._known[tree]
        if not any(isinstance(node, Name | Indexed | Hole) for node in tree.walk()):
            return None, tree
        names = ", ".join(map(to_latex, self._known))
        raise ProblemError(f"{self.name}: {text!r} is no given and no number; the givens are {names}")

    @cached_property
    def operation(self) -> Operation:
        """The operation, its hyper-parameters in numbers."""
        from derive import ops

        try:
            general = ops.operation(self.name)
            letters = {symbol.name: word for symbol, word in general.keywords.items()}
            given = {letters.get(name, name): value for name, value in self.settings.items()}
            defaults = {general.keywords[symbol]: value for symbol, value in general.settings.items()}
            numbers = {**defaults, **given}
            exact = {n: int(v) if v.denominator == 1 else v for n, v in numbers.items()}
            operation = ops.operation(self.name, **exact)
        except (LookupError, ValueError) as error:
            raise ProblemError(str(error)) from error
        shapes = [_shape(entries_of(self.quantity(text)[1])) for text in self.inputs.values()]
        rank = max(map(len, shapes), default=0)
        return entry_by_entry(operation, rank) if operation.is_elementwise and rank else operation

    @cached_property
    def numbers(self) -> Entrywise:
        """The sizes and the values of the inputs; whatever else has been asked for is added."""
        from derive.bank.entrywise import Entrywise

        known = Entrywise({**dict.fromkeys(self.without, 1), **self._sizes()})
        for symbol, value in self.operation.constants.items():
            known.numbers[symbol.name] = sp.Rational(value) if value.is_Rational else value
        for name, value in self.operation.program.derived_sizes:
            known.numbers[name.name] = known.number(value)
            if not known.numbers[name.name].is_positive:
                raise ProblemError(
                    f"{self.name}: the size {name.name} would be {known.numbers[name.name]}; "
                    "the kernel is larger than the padded input"
                )
        for one in self.operation.inputs:
            if one.tensor is not None:
                known.put(one.tensor, self._entries(known, one.tensor, self.given(one)[1]))
        return known

    def given(self, one: Input) -> tuple[Tree | None, Tree]:
        if one.name not in self.inputs:
            wanted = ", ".join(self.operation.by_name)
            raise ProblemError(f"{self.name} needs {one.name}; its inputs are {wanted}")
        return self.quantity(self.inputs[one.name])

    def _sizes(self) -> dict[str, int]:
        """What the shapes of the givens say about the sizes."""
        for name in self.inputs:
            if name not in self.operation.by_name:
                wanted = ", ".join(self.operation.by_name)
                raise ProblemError(f"{self.name} has no input {name!r}; its inputs are {wanted}")
        found: dict[str, int] = {}
        for one in self.operation.inputs:
            if one.tensor is None:
                continue
            tree = self.given(one)[1]
            axes, entries = self.axes(one.tensor), entries_of(tree)
            shape = _shape(entries)
            if not shape:
                continue  # one number for all entries
            if len(shape) != len(axes):
                said = " x ".join(str(extent) for extent in one.tensor.shape)
                raise ProblemError(
                    f"{self.name}: {one.name} is {said}, here given with {len(shape)} axes; sizes that are 1 "
                    "and not written go into 'without'"
                )
            for axis, count in zip(axes, shape, strict=True):
                extent = one.tensor.shape[axis]
                if extent.is_Symbol and found.setdefault(str(extent), count) != count:
                    raise ProblemError(
                        f"{self.name}: the size {extent} is {found[str(extent)]} elsewhere and {count} in "
                        f"{one.name}"
                    )
        missing = [str(s) for s in self.operation.program.sizes() if str(s) not in {*found, *self.without}]
        if missing:
            raise ProblemError(
                f"{self.name}: no given says how large {', '.join(missing)} is; if it is 1, put it into "
                "'without'"
            )
        return found

    def axes(self, tensor: Tensor) -> list[int]:
        """The axes that the problem writes."""
        return [axis for axis, extent in enumerate(tensor.shape) if str(extent) not in self.without]

    def _entries(self, known: Entrywise, tensor: Tensor, tree: Tree) -> dict[tuple[int, ...], Tree]:
        from derive.bank.entrywise import value_of

        given = {place: value_of(one) for place, one in entries_of(tree).items()}
        axes = self.axes(tensor)
        alike = given.get(())
        try:
            return {
                position: alike if alike is not None else given[tuple(position[axis] + 1 for axis in axes)]
                for position in known.positions(tensor)
            }
        except KeyError as error:
            sizes = " x ".join(map(str, known.extents(tensor)))
            raise ProblemError(f"{self.name}: {tensor.name} has to be {sizes} here") from error

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The definition, with the class labels and the plain numbers that are given put in."""
        return tuple(map(self._given_put_in, self.operation.program.everything))

    def _given_put_in(self, statement: Statement) -> Statement:
        from derive.tensor.nodes import Access, rewrite
        from derive.tensor.program import Statement

        labels: dict[sp.Expr, sp.Expr] = {}
        alike: dict[Tensor, sp.Expr] = {}
        for one in self.operation.inputs:
            name, value = self.given(one)
            if one.index is not None:
                labels[one.index] = _exact(value) - 1
            elif one.tensor is not None and name is None and () in entries_of(value):
                alike[one.tensor] = _exact(value)

        def put_in(node: sp.Expr) -> sp.Expr:
            return alike.get(node.tensor, node) if isinstance(node, Access) else node

        value = rewrite(statement.value.xreplace(labels), put_in)
        return Statement(statement.target, value, statement.keep, statement.fold)

    def chain(self, find: str) -> tuple[Statement, ...]:
        """The statements that lead to what is asked for, that one last; the backward ones as first found."""
        forward = self.statements
        named = {one.tensor.name: number for number, one in enumerate(forward)}
        if not find or find in named:
            chosen = forward[: named[find] + 1] if find else forward
            wanted = find or self.operation.output.name
            return _leading_to(next(one for one in chosen if one.tensor.name == wanted), chosen)
        sections = self._sections(find)
        backward = [self._as_found(section) for section in sections]
        return _leading_to(backward[-1], (*forward, *backward))

    def _as_found(self, section: Section) -> Statement:
        """A gradient in the gradients before it: what it was before those were put in."""
        from derive.tensor.program import Statement

        value = next((s.before for s in section.part.steps if s.rule.startswith("put in")), section.result)
        return self._given_put_in(Statement(section.target, value))

    def _sections(self, find: str) -> list[Section]:
        """The gradients found on the way to ``dX``, those of all inputs tried for an intermediate X."""
        from derive.derivation import derive_gradient

        inputs = [one.name for one in self.operation.differentiable]
        wanted = find.removeprefix("d")
        if find.startswith("d"):
            upstream = self.upstream is not None or self.operation.output.rank > 0 or None
            for name in [wanted] if wanted in inputs else inputs:
                sections = derive_gradient(self.operation, name, upstream=upstream).sections
                for number, one in enumerate(sections, 1):
                    last = wanted == name and number == len(sections)
                    if last or one.target.tensor.name in (find, f"dL/d{wanted}"):
                        return list(sections[:number])
        known = [*(one.tensor.name for one in self.operation.program.everything), *(f"d{n}" for n in inputs)]
        raise ProblemError(f"{self.name} has no {find!r}; there are {', '.join(known)}")

    def compute(self, find: str) -> Iterator[Statement]:
        """Compute what leads to an answer, one statement after the other."""
        from derive.judging.limits import Refusal
        from derive.tensor.nodes import tensors_in
        from derive.tensor.recurrence import Loop, in_loops

        chain = self.chain(find)
        read = set().union(*(tensors_in(one.value) for one in chain))
        for tensor in read - set(self.numbers.values) - {one.tensor for one in chain}:
            if tensor.name != UPSTREAM or self.upstream is None:
                raise ProblemError(
                    f"{self.name}: a gradient needs 'upstream', the loss's gradient by the output"
                )
            self.numbers.put(tensor, self._entries(self.numbers, tensor, self.quantity(self.upstream)[1]))
        for one in in_loops(chain):
            if isinstance(one, Loop):
                self.numbers.compute_loop(one)
            elif one.tensor not in self.numbers.values:
                try:
                    self.numbers.compute(one)
                except Refusal as error:
                    raise ProblemError(f"{self.name}: {one.tensor.text} has no value: {error}") from error
        yield from chain

    def written(self, tensor: Tensor) -> Entries:
        """The entries of a computed tensor as the problem writes it, counted from 1."""
        axes = self.axes(tensor)
        values = self.numbers.values[tensor].items()
        return {tuple(position[axis] + 1 for axis in axes): value for position, value in values}

    def exact(self, tensor: Tensor) -> Entries:
        """The same, what is not rational as a formula."""
        axes = self.axes(tensor)
        places = self.numbers.values[tensor]
        return {tuple(p[axis] + 1 for axis in axes): self.numbers.exact(tensor, p) for p in places}


@dataclass(frozen=True)
class Operated:
    """What a part asks of which run; ``names`` is how parts before it call what they asked for."""

    run: Run
    find: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What leads to the answer, computed."""
        from derive.judging.limits import Refusal

        try:
            return tuple(self.run.compute(self.find))
        except Refusal as error:
            raise ProblemError(f"{self.run.name}: {error}") from error

    @property
    def entries(self) -> Entries:
        """The answer's entries."""
        return self.run.written(self.statements[-1].tensor)

    @property
    def values(self) -> Iterator[Fraction]:
        """Every number that comes up on the way."""
        for statement in self.statements:
            yield from map(fraction_of, self.run.written(statement.tensor).values())

    @property
    def formula(self) -> str:
        """The answer as LaTeX that can be evaluated."""
        if max(map(len, self.entries)) > 2:
            raise ProblemError(
                f"{self.run.name}: {self.find or 'the output'} has more than two axes; those whose size is 1 "
                "go into 'without'"
            )
        return to_latex(together(self.run.exact(self.statements[-1].tensor)))


def entry_by_entry(operation: Operation, rank: int) -> Operation:
    """An operation on numbers as one on arrays of that rank, each entry by itself.

    >>> from derive import ops
    >>> [str(one.target) for one in entry_by_entry(ops.operation("relu"), 2).program.everything]
    ['y[i, j]']
    """
    from derive.tensor.index import Index, size
    from derive.tensor.nodes import Access, Tensor, rewrite
    from derive.tensor.program import Program, Statement

    letters = "ijklpq"[:rank]
    indices = tuple(Index(letter, size(f"size of {letter}")) for letter in letters)

    def over(tensor: Tensor) -> Tensor:
        options = {"positive": tensor.positive, "nonnegative": tensor.nonnegative}
        return Tensor.over(tensor.name, *indices, latex=tensor.latex, text=tensor.text, **options)

    def access(node: sp.Expr) -> sp.Expr:
        return Access(over(node.tensor), *indices) if isinstance(node, Access) else node

    def stated(one: Statement) -> Statement:
        return Statement(access(one.target), rewrite(one.value, access), one.keep, one.fold)

    old = operation.program
    program = Program(
        tuple(map(over, old.inputs)), tuple(map(stated, old.statements)), tuple(map(stated, old.aside))
    )
    inputs = tuple(
        replace(one, tensor=over(one.tensor)) if one.tensor is not None else one for one in operation.inputs
    )
    return replace(operation, inputs=inputs, program=program)


def _exact(value: Tree) -> sp.Expr:
    from derive.bank.entrywise import value_of

    fraction = fraction_of(value_of(value))
    return sp.Rational(fraction.numerator, fraction.denominator)


def _shape(entries: Entries) -> tuple[int, ...]:
    return tuple(map(max, zip(*entries, strict=True))) if () not in entries else ()


def _leading_to(last: Statement, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Those of the statements that the last one is computed from, in order, and itself."""
    from derive.tensor.nodes import tensors_in

    by_tensor = {one.tensor: one for one in statements}
    needed, waiting = {last.tensor}, [last]
    while waiting:
        for tensor in tensors_in(waiting.pop().value) & set(by_tensor):
            if tensor not in needed:
                needed.add(tensor)
                waiting.append(by_tensor[tensor])
    return (*(one for one in statements if one.tensor in needed and one.tensor != last.tensor), last)
