"""The form of a definition: named inputs, a few statements in the textbook's letters, what is known."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import sympy as sp

from derive.tensor.index import Index, count_fitting, size
from derive.tensor.nodes import Access, Sum, Tensor
from derive.tensor.printing import symbol_latex, symbol_text
from derive.tensor.program import Fact, Program, Statement, given_index
from derive.tensor.words import Words

REAL = "real"
PROBABILITY = "in (0,1)"
PROBABILITY_VECTOR = "probability vector"
TARGET = "in [0,1]"
POSITIVE = "positive"
POSITIVE_DEFINITE = "positive definite"
NONNEGATIVE = "nonnegative"
SIGN = "in {-1, 1}"
BINARY = "binary"
CLASS_INDEX = "class index"
INDICES = "indices"
MASK = "mask"
DATA = (CLASS_INDEX, INDICES, MASK)
"""What is counted or looked up and not computed with: it has no gradient."""


@dataclass(frozen=True)
class Input:
    """One input: its name, what it means, its domain, and whether it is learned.

    ``tensor`` is None for an index that is given as data (a class label).
    """

    name: str
    meaning: str
    domain: str = REAL
    parameter: bool = False
    tensor: Tensor | None = None
    index: Index | None = None

    @property
    def differentiable(self) -> bool:
        return self.domain not in DATA


class Definition:
    """Collects one operation's inputs and statements while its defining function runs."""

    def __init__(self, fixed: Mapping[str, Fraction | int] | None = None) -> None:
        self.fixed = fixed or {}
        self.inputs: list[Input] = []
        self.statements: list[Statement] = []
        self.aside: list[Statement] = []
        self.facts: list[Fact] = []
        self.settings: dict[sp.Symbol, Fraction] = {}
        self.constants: dict[sp.Symbol, sp.Expr] = {}
        self.derived_sizes: dict[sp.Symbol, sp.Expr] = {}
        self.customary: list[Index] = []
        self.keywords: dict[sp.Symbol, str] = {}
        self.trials: list[Mapping[str, int]] = []

    def input(
        self, name: str, *indices: Index, meaning: str, domain: str = REAL, parameter: bool = False
    ) -> Tensor:
        """An input array over these indices."""
        tensor = Tensor.over(
            name,
            *indices,
            positive=domain in (PROBABILITY, POSITIVE),
            nonnegative=domain in (PROBABILITY_VECTOR, TARGET, NONNEGATIVE, BINARY, MASK, INDICES),
            latex=symbol_latex(name),
            text=symbol_text(name),
        )
        self.inputs.append(Input(name, meaning, domain, parameter, tensor))
        if domain == PROBABILITY_VECTOR:
            rows = "the entries of each row of {} sum to 1" if indices[1:] else "the entries of {} sum to 1"
            self.facts.append(Fact(Sum(tensor[indices], indices[-1]), sp.S.One, Words.of(rows, tensor)))
        return tensor

    def class_index(self, name: str, over: Index, meaning: str) -> Index:
        """An input that is an index: which of the classes is the right one."""
        index = given_index(name, over.size)
        self.inputs.append(Input(name, meaning, CLASS_INDEX, index=index))
        return index

    def setting(self, name: str, default: Fraction | int, below: int | None = None) -> sp.Expr:
        """A positive hyper-parameter with its default; 0, where it is given as a number, is its limit."""
        symbol = sp.Symbol(name, positive=True)
        if name in self.fixed and not 0 <= self.fixed[name] < (below or math.inf):
            fits = f"not negative and less than {below}" if below else "not negative"
            raise ValueError(f"{name} = {self.fixed[name]}: it has to be a number that is {fits}")
        return self._setting(symbol, name, default)

    def whole(self, name: str, default: int, letter: str | None = None, least: int = 1) -> sp.Expr:
        """A hyper-parameter that is a whole number (a stride, a padding, a kernel's size), and its letter."""
        assumed = {"positive": True} if least else {"nonnegative": True}
        value = self.fixed.get(name, least)
        if value < least or value != int(value):
            raise ValueError(f"{name} = {value}: it has to be a whole number, {least} or more")
        return self._setting(sp.Symbol(letter or name, integer=True, **assumed), name, default)

    def _setting(self, symbol: sp.Symbol, name: str, default: Fraction | int) -> sp.Expr:
        if name in self.fixed:
            return sp.sympify(self.fixed[name])
        self.settings[symbol] = Fraction(default)
        self.keywords[symbol] = name
        return symbol

    def bound(self, names: str, extent: sp.Expr) -> tuple[Index, ...]:
        """Indices over a size that no input has, by their customary names."""
        indices = tuple(Index(name, extent) for name in names.split())
        self.customary += indices
        return indices

    def fitting(
        self, name: str, extent: str, stride: sp.Expr, rest: sp.Expr, low: sp.Expr, high: sp.Expr
    ) -> Index:
        """The index i over as many places as keep ``stride i + rest`` in ``low .. high - 1``.

        ``extent`` names that size, which is derived (:func:`derive.tensor.index.count_fitting`).
        """
        index = Index(name, size(extent))
        self.derived_sizes[index.size] = count_fitting(stride * index + rest, index, low, high)
        return index

    def derived(self, extent: str, value: sp.Expr) -> sp.Symbol:
        """A size that follows from others."""
        symbol = size(extent)
        self.derived_sizes[symbol] = value
        return symbol

    def trial(self, **sizes: int) -> None:
        """Sizes and whole hyper-parameters to verify the operation at, instead of the usual primes."""
        self.trials.append(sizes)

    def constant(self, name: str, value: sp.Expr) -> sp.Symbol:
        """A number that the definition fixes, kept as a letter."""
        symbol = sp.Symbol(name, positive=True)
        self.constants[symbol] = value
        return symbol

    def let(
        self, name: str, value: sp.Expr, *indices: Index, keep: bool = False, fold: bool = True
    ) -> Tensor:
        """A statement ``name[indices] = value``; the last one is the output.

        That it is positive, where SymPy can see that, is taken from the value. ``keep`` and ``fold`` say how
        it is shown, see :class:`~derive.tensor.program.Statement`.
        """
        return self._state(self.statements, name, value, indices, keep, fold)

    def let_aside(self, name: str, value: sp.Expr, *indices: Index) -> Tensor:
        """A named quantity that the output does not need and that results may be expressed in."""
        return self._state(self.aside, name, value, indices)

    def _state(
        self,
        statements: list[Statement],
        name: str,
        value: sp.Expr,
        indices: tuple[Index, ...],
        keep: bool = False,
        fold: bool = True,
    ) -> Tensor:
        value = sp.sympify(value)
        tensor = Tensor.over(
            name,
            *indices,
            positive=bool(value.is_positive),
            nonnegative=bool(value.is_nonnegative),
            latex=symbol_latex(name),
            text=symbol_text(name),
        )
        statements.append(Statement(Access(tensor, *indices), value, keep, fold))
        return tensor


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation of deep learning, by its definition alone."""

    name: str
    family: str
    source: str
    doc: str
    sign: str
    inputs: tuple[Input, ...]
    program: Program
    settings: Mapping[sp.Symbol, Fraction] = field(default_factory=dict)
    constants: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    keywords: Mapping[sp.Symbol, str] = field(default_factory=dict)
    """What each hyper-parameter is called in full, where its symbol is a letter: ``stride`` for s."""
    trials: tuple[Mapping[str, int], ...] = ()
    """Sizes at which it is verified, where the usual ones do not fit."""

    @property
    def latex(self) -> str:
        """The sign of the operation as a function: ``\\sigma``, ``\\tanh``, ``\\operatorname{ReLU}``."""
        return self.sign or rf"\operatorname{{{self.name.replace('_', ' ')}}}"

    @property
    def text(self) -> str:
        """The same without LaTeX."""
        return symbol_text(re.sub(r"\\(operatorname)?|[{}]", "", self.latex))

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return self.doc.partition("\n")[0]

    @property
    def output(self) -> Tensor:
        return self.program.output

    @property
    def differentiable(self) -> tuple[Input, ...]:
        """The inputs that have a gradient."""
        return tuple(one for one in self.inputs if one.differentiable)

    @property
    def parameters(self) -> tuple[Input, ...]:
        """The inputs that are learned."""
        return tuple(one for one in self.inputs if one.parameter)

    @property
    def is_elementwise(self) -> bool:
        """Whether it acts on each number by itself, whatever the shape."""
        return all(one.tensor is not None and one.tensor.rank == 0 for one in self.inputs) and (
            self.output.rank == 0
        )

    @cached_property
    def by_name(self) -> dict[str, Input]:
        return {one.name: one for one in self.inputs}

    @property
    def output_shape(self) -> tuple[sp.Expr, ...]:
        """The sizes of the output in the inputs'; ``()`` for a scalar and an elementwise operation."""
        return tuple(self.program.in_given_sizes(extent) for extent in self.output.shape)


@dataclass(frozen=True)
class Entry:
    """A definition that has been declared and is built when it is asked for."""

    name: str
    family: str
    source: str
    sign: str
    build: Callable[[Definition], None]

    def operation(self, fixed: Mapping[str, Fraction | int] | None = None) -> Operation:
        """Build it, with numbers for some of its hyper-parameters.

        Raises :class:`ValueError` for numbers that these cannot be.
        """
        definition = Definition(fixed)
        try:
            self.build(definition)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        if any(one.value.has(sp.zoo, sp.nan, sp.oo) for one in definition.statements):
            given = ", ".join(f"{name} = {value}" for name, value in definition.fixed.items())
            raise ValueError(f"{self.name}: with {given} it divides by zero")
        tensors = tuple(one.tensor for one in definition.inputs if one.tensor is not None)
        program = Program(
            tensors,
            tuple(definition.statements),
            tuple(definition.aside),
            tuple(definition.facts),
            derived_sizes=tuple(definition.derived_sizes.items()),
            customary=tuple(definition.customary),
        )
        doc = inspect.getdoc(self.build) or ""
        return Operation(
            self.name,
            self.family,
            self.source,
            doc,
            self.sign,
            tuple(definition.inputs),
            program,
            definition.settings,
            definition.constants,
            definition.keywords,
            tuple(definition.trials),
        )


ENTRIES: dict[str, Entry] = {}


def defines(
    family: str, source: str, name: str | None = None, sign: str = ""
) -> Callable[[Callable[[Definition], None]], None]:
    """Declare an operation by the function that defines it; its docstring is the description.

    ``sign`` is the LaTeX that stands for it as a function.
    """

    def declare(build: Callable[[Definition], None]) -> None:
        own = name or build.__name__
        ENTRIES[own] = Entry(own, family, source, sign, build)

    return declare


def axes(names: str, extent: str) -> tuple[Index, ...]:
    """Indices with these names over one symbolic size.

    >>> [one.name for one in axes("i j", "n")]
    ['i', 'j']
    """
    return tuple(Index(name, size(extent)) for name in names.split())
