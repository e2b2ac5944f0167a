"""Formulas compiled to NumPy: vectorised over every index, products of entries by ``einsum``.

The source is plain three-address Python that a reader can take away; it is made only from definitions of this
package, never from foreign text, and every name in it is a checked identifier.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp

from derive.tensor.differentiate import differentiate
from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import (
    Access,
    Apply,
    Argmax,
    Bracket,
    D,
    Elementwise,
    IfPositive,
    Inverse,
    LogDet,
    Maximum,
    Reduction,
    Sum,
    Tensor,
)
from derive.tensor.program import Program, Statement
from derive.tensor.recurrence import Loop, in_loops
from derive.tensor.simplify import expand_products

_Value = tuple[str, tuple[Index, ...]]
_EINSUM_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

_GATHER = '''\
def gather(array, *indices):
    """The entries at these indices; 0 outside the array."""
    indices = np.broadcast_arrays(*indices)
    inside = np.logical_and.reduce([(0 <= k) & (k < n) for k, n in zip(indices, array.shape)])
    clipped = tuple(np.clip(k, 0, n - 1) for k, n in zip(indices, array.shape))
    return np.where(inside, array[clipped], 0)


'''

_INSIDE = '''\
def inside(array, *indices):
    """Whether these indices lie inside the array."""
    within = [(0 <= k) & (k < n) for k, n in zip(indices, array.shape)]
    return np.logical_and.reduce(np.broadcast_arrays(*within))


'''

_ERF = '''\
def erf(x):
    """The error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[float])(x)


'''


_HELPERS = (("gather", _GATHER), ("inside", _INSIDE), ("erf", _ERF))


def identifier(name: str) -> str:
    """A Python name for a tensor or symbol.

    >>> identifier("dL/dW"), identifier("lambda")
    ('dL_dW', 'lambda_')
    """
    cleaned = re.sub(r"\W+", "_", name.removeprefix("given ").replace("'", "_prime")).strip("_") or "value"
    cleaned = f"_{cleaned}" if cleaned[0].isdigit() else cleaned
    return f"{cleaned}_" if keyword.iskeyword(cleaned) else cleaned


@lru_cache(maxsize=256)
def derivative_of(function: Elementwise, order: int) -> sp.Expr:
    """The ``order``-th derivative of a named function, in terms of its argument symbol."""
    argument = Tensor(f"argument of {function.name}")
    program = Program((argument,), (Statement(Tensor("value")(), argument()),))
    body = function.body.xreplace({function.argument: argument()})
    for _ in range(order):
        body, _ = differentiate(D(body, argument()), program)
    return body.xreplace({argument(): function.argument})


class _Emitter:
    """Writes one line for each operation; a value is a Python expression and the indices of its axes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.helpers: set[str] = set()
        self._known: dict[sp.Expr, _Value] = {}
        self._used: set[str] = set()
        self._fixed: dict[Index, str] = {}

    def reserve(self, name: str) -> str:
        self._used.add(name)
        return name

    def _assign(self, code: str) -> str:
        number = 1
        while f"t{number}" in self._used:
            number += 1
        name = self.reserve(f"t{number}")
        self.lines.append(f"{name} = {code}")
        return name

    def loop(self, loop: Loop) -> None:
        """Statements defined by each other, one step after the other."""
        for one in loop.statements:
            shape = ", ".join(self.size(index) for index in one.target.indices)
            self.lines.append(f"{self.reserve(identifier(one.tensor.name))} = np.zeros(({shape},))")
        step = self._fixed[loop.index] = self.reserve(identifier(f"step {loop.index.name}"))
        order = f"np.arange({self.size(loop.index)})" + ("[::-1]" if loop.backwards else "")
        self.lines.append(f"for {step} in {order}:")
        before = len(self.lines)
        for one in loop.statements:
            self._known.clear()
            wanted = tuple(index for index in one.target.indices if index != loop.index)
            code = self.align(*self.value(one.value), wanted)
            places = ", ".join(step if index == loop.index else ":" for index in one.target.indices)
            self.lines.append(f"{identifier(one.tensor.name)}[{places}] = {code}")
        self.lines[before:] = [f"    {line}" for line in self.lines[before:]]
        del self._fixed[loop.index]
        self._known.clear()

    def statement(self, target: Access, value: sp.Expr) -> None:
        self._known.clear()
        code, axes = self.value(value)
        wanted = tuple(index for index in target.indices if isinstance(index, Index))
        code = self.align(code, axes, wanted)
        if len(axes) < len(wanted):
            shape = ", ".join(self.size(index) for index in wanted)
            code = f"np.broadcast_to({code}, ({shape},))"
        self.lines.append(f"{self.reserve(identifier(target.tensor.name))} = {code}")

    def size(self, index: Index) -> str:
        return self.scalar(index.size)

    def scalar(self, expression: sp.Expr) -> str:
        """Arithmetic on sizes and hyper-parameters."""
        code, axes = self.value(expression)
        assert not axes
        return code

    @staticmethod
    def align(code: str, axes: Sequence[Index], wanted: Sequence[Index]) -> str:
        """Transpose and insert axes of length one, so that values broadcast against each other."""
        if tuple(axes) == tuple(wanted) or not axes:
            return code
        present = [index for index in wanted if index in axes]
        order = [axes.index(index) for index in present]
        if order != list(range(len(order))):
            code = f"{code}.transpose({', '.join(map(str, order))})"
        if len(present) < len(wanted):
            slots = ", ".join(":" if index in axes else "None" for index in wanted)
            code = f"{code}[{slots}]"
        return code

    def value(self, one: sp.Expr) -> _Value:
        if one not in self._known:
            self._known[one] = self._value(one)
        return self._known[one]

    def _together(self, arguments: Sequence[sp.Expr]) -> tuple[list[str], tuple[Index, ...]]:
        compiled = [self.value(argument) for argument in arguments]
        axes: dict[Index, None] = {}
        for _, own in sorted(compiled, key=lambda one: -len(one[1])):
            for index in own:
                axes.setdefault(index)
        return [self.align(code, own, tuple(axes)) for code, own in compiled], tuple(axes)

    def _value(self, one: sp.Expr) -> _Value:
        if isinstance(one, sp.Integer):
            return (str(one) if one >= 0 else f"({one})"), ()
        if isinstance(one, sp.Rational):
            return f"({one.p} / {one.q})", ()
        if one.is_infinite:
            return ("(-np.inf)" if one.is_extended_negative else "np.inf"), ()
        if isinstance(one, sp.Number):
            return f"({float(one)!r})", ()
        if one is sp.pi:
            return "np.pi", ()
        if isinstance(one, Index):
            if one in self._fixed:
                return self._fixed[one], ()
            if one.name.startswith("given "):
                return identifier(one.name), ()
            return self._assign(f"np.arange({self.size(one)})"), (one,)
        if isinstance(one, sp.Symbol):
            return identifier(one.name), ()
        if isinstance(one, Access):
            return self._access(one)
        if isinstance(one, Sum):
            return self._sum(one)
        if isinstance(one, Maximum):
            code, free = self._candidates(one)
            return self._assign(f"{code}.max(axis=-1)"), free
        if isinstance(one, Argmax):
            return self._argmax(one)
        if isinstance(one, LogDet):
            return self._assign(f"np.linalg.slogdet({identifier(one.tensor.name)})[1]"), ()
        if isinstance(one, Inverse):
            inverse = self._assign(f"np.linalg.inv({identifier(one.tensor.name)})")
            codes, axes = self._together(one.indices)
            self.helpers.add("gather")
            return self._assign(f"gather({', '.join([inverse, *codes])})"), axes
        if isinstance(one, Apply):
            body = derivative_of(one.function, one.order)
            return self.value(body.xreplace({one.function.argument: one.argument}))
        if isinstance(one, sp.Add):
            codes, axes = self._together(one.args)
            return self._assign(" + ".join(codes)), axes
        if isinstance(one, sp.Mul):
            codes, axes = self._together(one.args)
            return self._assign(" * ".join(codes)), axes
        if isinstance(one, sp.floor | sp.ceiling):  # whole numbers stay whole: they may be indices
            (above, below), axes = self._together(sp.fraction(sp.together(one.args[0])))
            down = isinstance(one, sp.floor)
            return self._assign(f"{above} // {below}" if down else f"-(-{above} // {below})"), axes
        codes, axes = self._together(one.args)
        return self._assign(self._elementwise(one, codes)), axes

    def _elementwise(self, one: sp.Expr, codes: list[str]) -> str:
        if isinstance(one, Bracket):
            return f"({codes[0]} == 0).astype(float)"
        if isinstance(one, IfPositive):
            return f"np.where({codes[0]} > 0, {codes[1]}, {codes[2]})"
        if isinstance(one, sp.exp):
            return f"np.exp({codes[0]})"
        if isinstance(one, sp.Pow):
            if one.exp == sp.Rational(1, 2):
                return f"np.sqrt({codes[0]})"
            if one.exp == -1:
                return f"1 / {codes[0]}"
            if one.exp.is_Integer and not one.exp.is_negative:
                return f"{codes[0]} ** {codes[1]}"
            return f"np.float_power({codes[0]}, {codes[1]})"
        if isinstance(one, sp.Max | sp.Min):
            call = "np.maximum" if isinstance(one, sp.Max) else "np.minimum"
            return reduce(lambda left, right: f"{call}({left}, {right})", codes)
        name = one.func.__name__
        if name == "erf":
            self.helpers.add("erf")
            return f"erf({codes[0]})"
        if name in ("log", "tanh", "sin", "cos", "sinh", "cosh", "sign"):
            return f"np.{name}({codes[0]})"
        if name == "Abs":
            return f"np.abs({codes[0]})"
        raise NotImplementedError(f"no NumPy code for {one}")

    def _access(self, one: Access) -> _Value:
        name = identifier(one.tensor.name)
        indices = one.indices
        bare = all(
            isinstance(index, Index) and not index.name.startswith("given ") and index not in self._fixed
            for index in indices
        )
        if bare and len(set(indices)) == len(indices) and one.in_range:
            spans = [index.size == extent for index, extent in zip(indices, one.tensor.shape, strict=True)]
            if all(spans):
                return name, indices
        codes, axes = self._together(indices)
        self.helpers.add("gather")
        return self._assign(f"gather({', '.join([name, *codes])})"), axes

    def _sum(self, one: Sum) -> _Value:
        body = expand_products(one.body)
        if isinstance(body, sp.Add):
            code, axes = self._reduce(*self.value(body), one.bound)
            return self._assign(code), axes
        arrays: list[_Value] = []
        numbers: list[_Value] = []
        for factor in sp.Mul.make_args(body):
            (arrays if free_indices(factor) else numbers).append(self.value(factor))
        if len(arrays) < 2:
            code, axes = self._reduce(*(arrays or [("1", ())])[0], one.bound)
        else:
            letters: dict[Index, str] = {}
            for _, own in arrays:
                for index in own:
                    letters.setdefault(index, _EINSUM_LETTERS[len(letters)])
            axes = tuple(index for index in letters if index not in one.bound)
            spec = ",".join("".join(letters[index] for index in own) for _, own in arrays)
            out = "".join(letters[index] for index in axes)
            operands = ", ".join(code for code, _ in arrays)
            unused = [self.size(index) for index in one.bound if index not in letters]
            code = " * ".join([f"np.einsum({f'{spec}->{out}'!r}, {operands}, optimize=True)", *unused])
        scalars = [code for code, _ in numbers]
        return self._assign(" * ".join([*scalars, code])), axes

    def _candidates(self, one: Reduction) -> _Value:
        """What a maximum is taken over, along one last axis; minus infinity where a read is outside."""
        code, axes = self.value(one.body)
        outside = [node for node in one.body.atoms(Access) if not node.in_range]
        for access in sorted(outside, key=str):
            codes, own = self._together(access.indices)
            self.helpers.add("inside")
            together = tuple(dict.fromkeys((*axes, *own)))
            mask = self.align(f"inside({', '.join([identifier(access.tensor.name), *codes])})", own, together)
            code, axes = f"np.where({mask}, {self.align(code, axes, together)}, -np.inf)", together
        free = tuple(index for index in axes if index not in one.bound)
        wanted = (*free, *one.bound)
        shape = ", ".join(self.size(index) for index in wanted)
        flat = ", ".join([*(self.size(index) for index in free), "-1"])
        return self._assign(
            f"np.broadcast_to({self.align(code, axes, wanted)}, ({shape},)).reshape({flat})"
        ), free

    def _argmax(self, one: Argmax) -> _Value:
        code, free = self._candidates(one)
        points, own = self._together(one.points)
        sizes = [self.size(index) for index in one.bound]
        place = points[0]
        for point, size in zip(points[1:], sizes[1:], strict=True):
            place = f"({place}) * {size} + {point}"
        known = [
            self._assign(f"(0 <= {point}) & ({point} < {size})")
            for point, size in zip(points, sizes, strict=True)
        ]
        place = self._assign(f"np.where({' & '.join(known)}, {place}, -1)")
        first = self._assign(f"{code}.argmax(axis=-1)")
        together = tuple(dict.fromkeys((*free, *own)))
        left, right = self.align(first, free, together), self.align(place, own, together)
        return self._assign(f"({left} == {right}).astype(float)"), together

    def _reduce(self, code: str, axes: tuple[Index, ...], bound: tuple[Index, ...]) -> _Value:
        places = [axes.index(index) for index in bound if index in axes]
        left = tuple(index for index in axes if index not in bound)
        unused = [self.size(index) for index in bound if index not in axes]
        reduced = f"{code}.sum(axis={tuple(places)})" if places else code
        return " * ".join([reduced, *unused]), left


@dataclass(frozen=True)
class Compiled:
    """A NumPy function of named arrays and hyper-parameters; sizes are read off the arrays.

    Call it with the arrays by name and the hyper-parameters as keywords; it returns the last target's array,
    and :meth:`all` every target's by name. Raises :class:`ValueError` naming the sizes where shapes disagree.
    """

    source: str
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    settings: tuple[str, ...] = ()

    def __call__(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> np.ndarray:
        return self.all(arrays, **named)[self.targets[-1].name]

    def all(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> dict[str, np.ndarray]:
        given = {**(arrays or {}), **named}
        missing = [one.name for one in self.inputs if one.name not in given]
        missing += [name for name in self.settings if name not in given]
        if missing:
            raise ValueError(f"missing {', '.join(missing)}; needed are {self._signature()}")
        sizes = bind_sizes(self.inputs, given)
        values = {identifier(name): value for name, value in given.items()}
        for one in self.inputs:
            values[identifier(one.name)] = np.asarray(given[one.name])
        namespace = dict(sizes) | values
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            try:
                exec(_code(self.source), namespace)
            except NameError as error:
                known = ", ".join([*sizes, *given])
                raise ValueError(
                    f"no array gives {error.name}, and it was not given; there are {known}"
                ) from None
        # Copies: a result may be an input as it came, or one number spread over a read-only shape.
        return {one.name: np.array(namespace[identifier(one.name)]) for one in self.targets}

    def _signature(self) -> str:
        shapes = [f"{one.name} ({', '.join(map(str, one.shape)) or 'scalar'})" for one in self.inputs]
        return ", ".join([*shapes, *self.settings])


@lru_cache(maxsize=512)
def _code(source: str) -> Any:
    return compile(f"import math\nimport numpy as np\n\n{source}", "<derived formula>", "exec")


def bind_sizes(inputs: Sequence[Tensor], arrays: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that the arrays' shapes give; :class:`ValueError` says which array disagrees with which."""
    if all(tensor.rank == 0 for tensor in inputs):
        return {}  # elementwise: the same formula for every entry of arrays of any one shape
    sizes: dict[str, int] = {}
    origin: dict[str, str] = {}
    for tensor in inputs:
        shape = np.shape(arrays[tensor.name])
        if len(shape) != tensor.rank:
            wanted = ", ".join(map(str, tensor.shape))
            raise ValueError(
                f"{tensor.name} has {tensor.rank} dimensions ({wanted}); the array given has shape {shape}"
            )
        for extent, actual in zip(tensor.shape, shape, strict=True):
            if not isinstance(extent, sp.Symbol):
                continue
            known = sizes.setdefault(extent.name, actual)
            origin.setdefault(extent.name, f"{tensor.name} of shape {shape}")
            if known != actual:
                raise ValueError(
                    f"size {extent.name} is {known} in {origin[extent.name]} and {actual} in {tensor.name} "
                    f"of shape {shape}"
                )
    for tensor in inputs:
        shape = np.shape(arrays[tensor.name])
        known_sizes = {symbol: sp.Integer(sizes.get(symbol.name, 0)) for symbol in _symbols(tensor)}
        expected = tuple(int(extent.xreplace(known_sizes)) for extent in tensor.shape)
        if expected != shape and all(symbol.name in sizes for symbol in known_sizes):
            raise ValueError(f"{tensor.name} has shape {expected} here; the array given has shape {shape}")
    return sizes


def _symbols(tensor: Tensor) -> set[sp.Symbol]:
    return {symbol for extent in tensor.shape for symbol in extent.atoms(sp.Symbol)}


def compile_statements(
    inputs: Sequence[Tensor],
    statements: Sequence[Statement],
    settings: Sequence[str] = (),
    derived_sizes: Sequence[tuple[sp.Symbol, sp.Expr]] = (),
) -> Compiled:
    """One NumPy function that computes every statement in order.

    ``derived_sizes`` are sizes that no array gives (a convolution's output), in order.

    Raises :class:`ValueError` where two names would be one in Python: ``W_1`` and ``W^1``, or a tensor and a
    size both called ``m``.
    """
    emitter = _Emitter()
    _check_names((*inputs, *(one.tensor for one in statements)))
    for tensor in inputs:
        emitter.reserve(identifier(tensor.name))
    for name, value in derived_sizes:
        emitter.lines.append(f"{identifier(name.name)} = int({emitter.scalar(value)})")
    for one in in_loops(statements):
        if isinstance(one, Loop):
            emitter.loop(one)
        else:
            emitter.statement(one.target, one.value)
    helpers = "".join(text for name, text in _HELPERS if name in emitter.helpers)
    source = helpers + "\n".join(emitter.lines) + "\n"
    return Compiled(source, tuple(inputs), tuple(one.tensor for one in statements), tuple(settings))


_OURS = ("np", "math", *(name for name, _ in _HELPERS))


def _check_names(tensors: Sequence[Tensor]) -> None:
    spelled: dict[str, str] = {name: f"{name} of this module" for name in _OURS}
    for tensor in tensors:
        for symbol in _symbols(tensor):
            spelled[identifier(symbol.name)] = f"the size {symbol.name}"
    for tensor in dict.fromkeys(tensors):
        name = identifier(tensor.name)
        if name in spelled:
            raise ValueError(f"{tensor.name} and {spelled[name]} would both be {name} in Python: rename one")
        spelled[name] = tensor.name


def evaluate_scalar(
    pattern: sp.Expr, arrays: Mapping[sp.Symbol, np.ndarray], numbers: Mapping[str, Any]
) -> np.ndarray:
    """An expression in symbols that stand for arrays of one shape, entry by entry."""
    emitter = _Emitter()
    names = {symbol: sp.Symbol(f"operand_{k}") for k, symbol in enumerate(arrays)}
    code, _ = emitter.value(pattern.xreplace(names))
    helpers = _ERF if "erf" in emitter.helpers else ""
    source = helpers + "\n".join([*emitter.lines, f"result = {code}"])
    namespace: dict[str, Any] = {identifier(name): value for name, value in numbers.items()}
    namespace |= {names[symbol].name: array for symbol, array in arrays.items()}
    with np.errstate(all="ignore"):
        exec(_code(source), namespace)
    return np.asarray(namespace["result"])
