"""The working of a part that an operation answers: each statement's formula, the numbers, the result."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import sympy as sp

from derive.bank import Part
from derive.bank.entries import equals, rounded
from derive.bank.operated import Operated, Run
from derive.reading import to_latex
from derive.reading.tree import Negative, Number, Tree
from derive.tensor.index import Index
from derive.tensor.nodes import Access, Argmax, Reduction, Tensor
from derive.tensor.printing import Printer, printer_for, symbol_latex
from derive.tensor.program import Statement

SHOWN = 6  # significant digits of a result
PUT_IN = 4  # significant digits of a value put into a formula
MOST_LINES = 32  # entries of one array that are each worked out


def operated_lines(part: Part) -> list[str]:
    """Lines of LaTeX; what parts before this one have asked for is not worked out again."""
    operated = part.operated
    assert operated is not None
    done = {one.tensor for find in operated.names for one in operated.run.chain(find)}
    paper = Paper(operated, part.answer)
    lines = []
    for statement in operated.statements:
        if statement.tensor not in done or statement is operated.statements[-1]:
            lines += paper.lines(statement)
    return lines


class Paper:
    """Writes the statements of a run in the problem's names, without the axes that it does not write."""

    def __init__(self, operated: Operated, answer: str) -> None:
        self.run: Run = operated.run
        names: dict[str, str] = {}
        for one in self.run.operation.inputs:
            name, value = self.run.given(one)
            names[one.name] = to_latex(name if name is not None else value)
        names["g"] = self.run.upstream or "g"
        loss = r"\frac{{\partial L}}{{\partial {}}}"
        for statement in operated.statements:
            tensor = statement.tensor
            below = tensor.name.partition("/d")[2]
            if below:
                names[tensor.name] = loss.format(names.get(below, symbol_latex(below)))
        for find, letter in {**operated.names, operated.find: answer}.items():
            names[self.run.chain(find)[-1].tensor.name] = letter
        # What the operation calls as the problem calls something else gets a tilde.
        for tensor in (one.tensor for one in operated.statements):
            if tensor.name not in names and tensor.latex in names.values():
                names[tensor.name] = rf"\tilde{{{tensor.latex}}}"
        self.names: Mapping[str, str] = names
        self.printer: Printer = printer_for(self.run.operation.program)

    def lines(self, statement: Statement) -> list[str]:
        """The formula, every entry with its numbers, and all entries together."""
        target, tensor = statement.target, statement.tensor
        formula = self._formula(statement.value)
        lines = [self.printer.equation(self._access(target), formula)]
        numbers, axes = self.run.numbers, self.run.axes(tensor)
        name = self.names.get(tensor.name, tensor.latex)
        written = self.run.written(tensor)
        places = list(numbers.positions(tensor))
        for position in islice(places, MOST_LINES):
            tree = numbers.entry(statement, position, lambda entry: rounded(entry, PUT_IN))
            where = "".join(str(position[axis] + 1) for axis in axes)
            if any(extent > 9 for extent in numbers.extents(tensor)):
                where = ",".join(str(position[axis] + 1) for axis in axes)
            entry = written[tuple(position[axis] + 1 for axis in axes)]
            value = equals({(): entry}, SHOWN)
            shown = to_latex(tree)
            put_in = "" if value == f"= {shown}" or _is_number(tree) else f" = {shown}"
            lines.append(f"{_indexed(name, where)}{put_in} {value}")
        if len(places) > MOST_LINES:
            lines.append(r"\vdots")
        if axes and len(axes) <= 2:
            lines.append(f"{name} {equals(written, SHOWN)}")
        return lines

    def _tensor(self, tensor: Tensor) -> Tensor:
        """The same tensor with the problem's name and axes."""
        axes = self.run.axes(tensor)
        letters = [tensor.letters[axis] for axis in axes if axis < len(tensor.letters)]
        shape = [tensor.shape[axis] for axis in axes]
        return Tensor(tensor.name, shape, latex=self.names.get(tensor.name, tensor.latex), letters=letters)

    def _access(self, one: Access) -> Access:
        axes = self.run.axes(one.tensor)
        return Access(self._tensor(one.tensor), *(self._place(one.indices[axis]) for axis in axes))

    def _place(self, index: sp.Expr) -> sp.Expr:
        """A place counted from 1."""
        return sp.expand(self._formula(index) + 1)

    def _formula(self, one: sp.Expr) -> sp.Expr:
        """A formula without what has size 1 and is not written, indices counted from 1."""
        without = self.run.without
        if isinstance(one, Access):
            return self._access(one)
        if isinstance(one, Index):
            return sp.S.Zero if str(one.size) in without else one - 1
        if isinstance(one, sp.Symbol):
            return sp.S.One if one.name in without else one
        if isinstance(one, Argmax):
            kept = [index for index in one.bound if str(index.size) not in without]
            points = [p for i, p in zip(one.bound, one.points, strict=True) if i in kept]
            return Argmax(self._formula(one.body), *kept, *map(self._place, points))
        if isinstance(one, Reduction):
            body, indices = one.open()
            kept = [index for index in indices if str(index.size) not in without]
            return one.func(self._formula(body), *kept)
        return one.func(*map(self._formula, one.args)) if one.args else one


def _is_number(tree: Tree) -> bool:
    return isinstance(tree.operand if isinstance(tree, Negative) else tree, Number)


def _indexed(name: str, where: str) -> str:
    if not where:
        return name
    plain = "_" not in name and "frac" not in name
    return rf"{name}_{{{where}}}" if plain else rf"\left({name}\right)_{{{where}}}"
