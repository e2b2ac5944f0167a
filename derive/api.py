"""The Python interface: operations whose shapes and counts are formulas, gradients that carry their steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy as sp

from derive import counting, ops
from derive.counting.conventions import InForce, conventions_from
from derive.counting.describe import network_from_text
from derive.counting.explain import Explanation, explain, target_of
from derive.counting.import_onnx import network_from_onnx
from derive.counting.import_torch import network_from_module
from derive.counting.network import NetworkCount, count_network
from derive.derivation import Derivation, derive_gradient
from derive.graphs.network_text import shape_of
from derive.rendering import derivation as rendering
from derive.rendering.count import as_dict as count_as_dict
from derive.rendering.count_receptive import as_dict as fields_as_dict
from derive.rendering.count_working import as_text as working_as_text
from derive.verification import Verification, verify


@dataclass(frozen=True, eq=False)
class Gradient:
    """A derivative in general dimension, with the way to it.

    Call it with arrays by name to evaluate it with NumPy; a gradient behind the output also takes ``g``, the
    upstream gradient.

    >>> import derive
    >>> gradient = derive.operation("softmax").gradient("x")
    >>> gradient.text
    's_i (δ_ij - s_j)'
    >>> gradient(x=[2.0, 1.0, 0.1]).round(2)
    array([[ 0.22, -0.16, -0.06],
           [-0.16,  0.18, -0.02],
           [-0.06, -0.02,  0.09]])
    """

    derivation: Derivation

    @property
    def index(self) -> sp.Expr:
        """The result in index notation, a SymPy expression over entries and sums."""
        return self.derivation.index

    @property
    def latex(self) -> str:
        """The result in index notation, as LaTeX."""
        return rendering.formula(self.index, self.derivation, self.derivation.target)["latex"]

    @property
    def text(self) -> str:
        """The result in index notation, as text."""
        return rendering.formula(self.index, self.derivation, self.derivation.target)["text"]

    @property
    def matrix(self) -> str | None:
        """The result in matrix notation, as LaTeX; None where it has none."""
        form = self.derivation.matrix
        return None if form is None else form.print(rendering.page(self.derivation, "latex").printer)

    @property
    def steps(self) -> tuple[Any, ...]:
        """The steps, each with its ``rule``, ``before`` and ``after``; trivial ones have ``trivial`` set."""
        return self.derivation.steps

    @property
    def numpy_source(self) -> str:
        """The NumPy code that computes it."""
        return self.derivation.numpy.source

    def __call__(self, **arrays: Any) -> Any:
        """Evaluate it; hyper-parameters that are not given have their defaults.

        Raises :class:`ValueError` that names the sizes where shapes disagree, or what is missing.
        """
        return self.derivation.evaluate(**arrays)

    def to_latex(self, detail: bool = False) -> str:
        """The whole derivation as ``align*`` blocks for plain amsmath."""
        return rendering.as_latex(self.derivation, detail)

    def to_text(self, detail: bool = False) -> str:
        """The whole derivation for the terminal."""
        return rendering.as_text(self.derivation, detail)

    def to_html(self, detail: bool = False) -> str:
        """The whole derivation as a page with MathML."""
        return rendering.as_html(self.derivation, detail)

    def to_dict(self, detail: bool = False) -> dict[str, Any]:
        """The whole derivation as plain data, as ``derive show --format json`` prints it."""
        return rendering.as_dict(self.derivation, detail)

    def _repr_latex_(self) -> str:
        return f"${rendering.page(self.derivation, 'latex').results()[-1][0]}$"


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation: what it is, and everything that is read off its definition.

    >>> import derive
    >>> linear = derive.operation("linear")
    >>> linear.output_shape, linear.parameter_count, linear.multiplications
    ((B, m), m*n + m, B*m*n)
    """

    definition: ops.Operation

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, parameters included."""
        return tuple(self.definition.by_name)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the inputs that are learned."""
        return tuple(one.name for one in self.definition.parameters)

    @property
    def output_shape(self) -> tuple[sp.Expr, ...]:
        """The output's sizes in the inputs' symbolic sizes; ``()`` for a number."""
        return self.definition.output_shape

    @property
    def parameter_count(self) -> sp.Expr:
        """How many numbers are learned."""
        tensors = (one.tensor for one in self.definition.parameters)
        return counting.parameter_count(tuple(tensor for tensor in tensors if tensor is not None))

    @cached_property
    def counts(self) -> counting.Counts:
        """All operation counts of one call, exact, of the definition as written, in the inputs' sizes.

        Raises :class:`ValueError` where they depend on an algorithm (an inverse).
        """
        program = self.definition.program
        if why := counting.why_not_counted(program):
            raise ValueError(f"{self.name}: {why}")
        named = counting.count_program(program).named()
        return counting.Counts(**{kind: program.in_given_sizes(value) for kind, value in named.items()})

    @property
    def multiplications(self) -> sp.Expr:
        return self.counts.multiplications

    @property
    def additions(self) -> sp.Expr:
        return self.counts.additions

    @property
    def divisions(self) -> sp.Expr:
        return self.counts.divisions

    @property
    def function_evaluations(self) -> sp.Expr:
        """Evaluations of e^x, log, tanh, ..."""
        return self.counts.function_evaluations

    @property
    def comparisons(self) -> sp.Expr:
        return self.counts.comparisons

    def gradient(self, wrt: str, order: int = 1, upstream: bool | None = None) -> Gradient:
        """The derivative by one input; see :func:`derive.derivation.derive_gradient`.

        Raises :class:`LookupError` for an unknown input, with near names.

        >>> import derive
        >>> derive.operation("linear").gradient("W").matrix
        'g^T x'
        """
        return Gradient(derive_gradient(self.definition, wrt, order, upstream))

    def verify(self) -> list[Verification]:
        """Hold every gradient of this operation against its witnesses."""
        return list(verify(self.definition))


@dataclass(frozen=True, eq=False)
class CountedNetwork:
    """A network counted under named conventions: shapes, parameters, operations, memory, receptive fields.

    Attributes are those of :class:`derive.counting.network.NetworkCount` under ``count``; the totals that are
    asked for most stand here.
    """

    count: NetworkCount
    conventions: InForce

    @property
    def totals(self) -> dict[str, Any]:
        """Every quantity in total: whole numbers, or SymPy expressions in symbolic sizes."""
        return dict(self.count.totals)

    @property
    def parameters(self) -> Any:
        """The parameters, as the convention counts them."""
        return self.conventions.parameters.value(self.count.totals)

    @property
    def operations(self) -> Any:
        """The operations, as the convention counts them (multiply-adds unless it says otherwise)."""
        return self.conventions.operations.value(self.count.totals)

    @property
    def output_shape(self) -> tuple[Any, ...]:
        """What the network puts out, without the batch."""
        return self.count.shapes[self.count.network.outputs[0]][1:]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``derive count --format json`` prints it."""
        return count_as_dict(self.count, self.conventions) | {"receptive_fields": fields_as_dict(self.count)}

    def working(self) -> str:
        """The sums behind the totals, as text."""
        return working_as_text(self.count)

    def explain(self, total: str | int) -> list[Explanation]:
        """Which convention or slip gives a total, e.g. ``"13.5M"``; the simplest first."""
        return explain(self.count, target_of(str(total)))


def count(
    network: Any,
    input: str | tuple[Any, ...] | list[Any] | None = None,
    convention: str | Iterable[str] = (),
    batch: int | str = 1,
    variables: Mapping[str, Any] | None = None,
    integers: bool = False,
) -> CountedNetwork:
    """A network counted layer by layer.

    Parameters
    ----------
    network: its text in any of the ways of ``docs/networks.md``, the path of an ONNX file
        (:class:`pathlib.Path`, or a text that ends in ``.onnx``), or a PyTorch module.
    input: ``"3x224x224"`` or a tuple, channels first and without the batch; letters are symbolic sizes. A
        list has one for each input.
    convention: one or several: ``"2mac"``, ``"exact"``, ``"biases=1"``.
    batch: how many examples at once.
    variables: values for names of the text.
    integers: the PyTorch module takes indices (tokens) and not numbers.

    Raises
    ------
    derive.graphs.network.NetworkError: (a ValueError) the text cannot be read, or a layer does not fit; the
        message says where and what would work.

    >>> import derive
    >>> counted = derive.count("Conv2d(3, 64, 3, padding=1) -> ReLU()", input="3x224x224")
    >>> counted.parameters, counted.operations, counted.output_shape
    (1792, 86704128, (64, 224, 224))
    >>> counted.to_dict()["totals"]["additions"]
    86704128
    >>> derive.count("Conv2d(C, 2*C, 3, padding=1)", input="C x n x n").parameters
    18*C**2 + 2*C
    >>> derive.count("conv 5x5, 16, pad 2 -> fc 10", input="1x8x8", convention="exact").operations
    71680
    """
    in_force = conventions_from([convention] if isinstance(convention, str) else convention)
    given = input if isinstance(input, list) else [] if input is None else [input]
    shapes = [shape_of(one, "input") if isinstance(one, str) else tuple(one) for one in given]
    examples = shape_of(batch, "batch")[0] if isinstance(batch, str) else batch
    if isinstance(network, Path) or (isinstance(network, str) and network.endswith(".onnx")):
        read = network_from_onnx(network)
    elif isinstance(network, str):
        read = network_from_text(network, variables=variables)
    else:
        read = network_from_module(network, *shapes, batch=examples, integers=integers)
        shapes = []
    return CountedNetwork(count_network(read, shapes, examples, in_force.network), in_force)


def operation(name: str, **settings: Any) -> Operation:
    """The operation with this name, with numbers for some of its settings if wanted.

    Raises :class:`LookupError`, which suggests near names, and :class:`ValueError` for an unknown setting.

    >>> import derive
    >>> derive.operation("conv2d").output_shape[2]
    floor((H_in - d*k_h + d + 2*p - 1)/s) + 1
    >>> derive.operation("conv2d", stride=1, padding=0, dilation=1).output_shape[2]
    H_in - k_h + 1
    """
    return Operation(ops.operation(name, **settings))


def operations() -> tuple[str, ...]:
    """The names of all operations."""
    return ops.names()
