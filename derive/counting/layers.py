"""The vocabulary of layers: each name with its settings as PyTorch has them, and what the layer is made of.

A rule says which operation of the catalogue a layer is, at which sizes, and how often; it computes nothing
that a definition says. Rules stand family by family in ``layers_*.py``; adding a layer is one rule.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any, NoReturn

import sympy as sp

from derive.counting.formulas import Size, product, simplest
from derive.counting.operation_formulas import formulas_of
from derive.graphs.network import NetworkError, Node
from derive.suggest import nearest, unknown

Shape = tuple[Size, ...]

WEIGHTED, ATTENTION, ACTIVATION, POOLING, NORMALISATION, ARITHMETIC, MOVING = (
    "weighted",
    "attention",
    "activation",
    "pooling",
    "normalisation",
    "arithmetic",
    "moving",
)
"""What a use is counted as: multiply-adds come from weighted ones and from
attention, whose part is kept apart too; evaluations come from activations."""


@dataclass(frozen=True)
class Use:
    """An operation of the catalogue at given sizes.

    Parameters
    ----------
    operation: its name; empty for what is no operation of the catalogue and costs only what is said here.
    sizes: its sizes and settings by their symbols' names, those included that follow from others.
    calls: how often it is evaluated; copies: how many sets of its parameters there are.
    absent: parameters that it does not have here, with what stands in their place.
    twice: parameters of which there are two, added to each other (PyTorch's biases of recurrent layers).
    role: what its operations are counted as.
    own_parameters: numbers learned that no operation of the catalogue has (a position embedding).
    buffers: numbers kept and not trained (running means and variances).
    evaluations: activation evaluations, where there is no operation.
    additions: additions, where there is no operation.
    carried: of a recurrent cell, how many of the evaluations get a state from another one.
    """

    operation: str = ""
    sizes: Mapping[str, Size] = field(default_factory=dict)
    calls: Size = 1
    copies: Size = 1
    absent: tuple[tuple[str, int], ...] = ()
    twice: tuple[str, ...] = ()
    role: str = WEIGHTED
    own_parameters: Size = 0
    buffers: Size = 0
    evaluations: Size = 0
    additions: Size = 0
    carried: Size | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """All of it, as something that can be looked up."""
        return (
            *(tuple(value.items()) if isinstance(value, Mapping) else value for value in vars(self).values()),
        )


Reach = tuple[Any, ...]
"""For each axis of an input: (axis of the output, jump, low, high), or None where the whole axis is read."""


@dataclass(frozen=True)
class Placed:
    """A layer where it stands: the shape that it puts out, what it is made of, and how far it looks.

    ``reach`` has one entry for each input; None stands for "each place reads the same place".
    """

    shape: Shape
    uses: tuple[Use, ...] = ()
    reach: tuple[Reach | None, ...] | None = None
    note: str = ""
    settings: Mapping[str, Size] = field(default_factory=dict)
    """Stride, padding and dilation along the last axis, by the definition's letters."""


@dataclass(frozen=True)
class Conventions:
    """What frameworks and books do not agree on, as far as it changes what a network has.

    Parameters
    ----------
    recurrent_biases: 2 biases a gate as in PyTorch, or 1 as in textbooks and Keras.
    """

    recurrent_biases: int = 2


@dataclass
class Setting:
    """A setting of a layer: its name, and what it is if nothing is said (``required`` if it must be said)."""

    name: str
    default: Any = None
    required: bool = False


class Call:
    """A layer with its settings bound and the shapes that it gets; what its rule works with."""

    def __init__(
        self, node: Node, settings: Mapping[str, Any], inputs: tuple[Shape, ...], conventions: Conventions
    ) -> None:
        self.node, self.settings, self.inputs, self.conventions = node, settings, inputs, conventions

    @property
    def shape(self) -> Shape:
        """The shape of the first input, batch first."""
        return self.inputs[0]

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    def fail(self, message: str) -> NoReturn:
        """The layer does not fit; ``message`` says what came and what would work."""
        raise NetworkError(f"{self.node.where}: {message}")

    def size(self, name: str, least: int = 1) -> Size:
        """A setting that is a whole number or a symbolic size."""
        return self.whole(self.settings[name], name, least)

    def whole(self, value: Any, name: str, least: int = 1) -> Size:
        """A value that has to be a whole number of at least ``least``, or a symbolic size."""
        if isinstance(value, sp.Expr):
            return simplest(value)
        if isinstance(value, Fraction) and value.denominator == 1:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            came = str(value) if isinstance(value, Fraction) else repr(value)
            self.fail(f"{name} is a whole number of at least {least}; came {came}")
        return int(value)

    def axes(self, name: str, rank: int, least: int = 1) -> tuple[Size, ...]:
        """A setting for each axis in space: one for all, or one each."""
        value = self.settings[name]
        values = value if isinstance(value, tuple) else (value,) * rank
        if len(values) != rank:
            self.fail(f"{name} is one number or {rank}, one for each axis; came {value}")
        return tuple(self.whole(one, name, least) for one in values)

    def axis(self, name: str) -> int:
        """A setting that is an axis, counted from the end if negative."""
        value, rank = self.settings[name], len(self.shape)
        if isinstance(value, bool) or not isinstance(value, int) or not -rank <= value < rank:
            self.fail(f"{name} is an axis from 0 (the batch) to {rank - 1}; came {value!r}")
        return value % rank

    def several(self, name: str, length: int | None = None) -> tuple[Any, ...]:
        """A setting that is one value or several; with ``length`` one stands for so many."""
        value = self.settings[name]
        values = value if isinstance(value, tuple) else (value,) * (length or 1)
        if (length is not None and len(values) != length) or not values:
            self.fail(f"{name} is one value or {length or 'several'}; came {value!r}")
        return values

    def flag(self, name: str) -> bool:
        """A setting that is True or False."""
        return bool(self.settings[name])

    def rank(self, *ranks: int, what: str = "") -> None:
        """The input has to have one of these numbers of axes, the batch included."""
        if len(self.shape) not in ranks:
            wanted = what or " or ".join(f"{one - 1} axes beside the batch" for one in ranks)
            self.fail(f"needs {wanted}; came {show(self.shape[1:])}")

    def same(self, name: str, came: Size, what: str) -> None:
        """The size that came has to be the setting; a symbol may stand on either side."""
        wanted = self.size(name)
        if differ(wanted, came):
            fits = with_setting(self.node, name, came).call
            last = len(self.shape) > 3 and not differ(wanted, self.shape[-1])
            hint = ", or --layout hwc if the channels of the input stand last" if last else ""
            shape = show(self.shape[1:])
            self.fail(f"needs {what} {wanted}, came {came} (shape {shape}); {fits} would fit{hint}")


@dataclass(frozen=True)
class LayerRule:
    """A layer's name, settings and rule."""

    name: str
    settings: tuple[Setting, ...]
    place: Callable[[Call], Placed]
    inputs: int | None = 1
    """How many inputs it has; None for two or more."""

    @property
    def signature(self) -> str:
        """How it is written: ``Conv2d(in_channels, out_channels, kernel_size, stride=1, ...)``."""
        given = [one.name if one.required else f"{one.name}={one.default}" for one in self.settings]
        return f"{self.name}({', '.join(given)})"


LAYERS: dict[str, LayerRule] = {}
_IGNORED = ("device", "dtype", "inplace")


def layer(
    names: str, settings: str = "", inputs: int | None = 1
) -> Callable[[Callable[[Call], Placed]], Callable[[Call], Placed]]:
    """Declare a layer under one or more names by the function that places it.

    ``settings`` are as in PyTorch's signature: ``"in_features, out_features, bias=True"``.
    """

    def declare(place: Callable[[Call], Placed]) -> Callable[[Call], Placed]:
        for name in names.split():
            LAYERS[name] = LayerRule(name, _settings(settings), place, inputs)
        return place

    return declare


_WORDS = {"True": True, "False": False, "None": None}


def _settings(text: str) -> tuple[Setting, ...]:
    found = []
    for piece in filter(None, (one.strip() for one in text.split(","))):
        name, equals, default = (part.strip() for part in piece.partition("="))
        if not equals:
            found.append(Setting(name, required=True))
        elif default in _WORDS:
            found.append(Setting(name, _WORDS[default]))
        elif default.startswith("'"):
            found.append(Setting(name, default.strip("'")))
        else:
            found.append(Setting(name, int(default) if default.lstrip("-").isdigit() else Fraction(default)))
    return tuple(found)


@cache
def load() -> Mapping[str, LayerRule]:
    """All layers by name, found family file by family file."""
    import derive.counting

    for module in sorted(one.name for one in pkgutil.iter_modules(derive.counting.__path__)):
        if module.startswith("layers_"):
            importlib.import_module(f"derive.counting.{module}")
    return LAYERS


def place(node: Node, inputs: tuple[Shape, ...], conventions: Conventions) -> Placed:
    """A layer on inputs of given shapes.

    Raises :class:`~derive.graphs.network.NetworkError` where a setting is missing or unknown or a size does
    not fit, with what came and what would work.
    """
    rules = load()
    if node.layer not in rules:
        raise NetworkError(f"{node.where}: {unknown('layer', node.layer, rules)}")
    rule = rules[node.layer]
    if rule.inputs is not None and len(inputs) != rule.inputs:
        raise NetworkError(
            f"{node.where}: reads {rule.inputs} value{'s' * (rule.inputs != 1)}; came {len(inputs)}"
        )
    try:
        return rule.place(Call(node, bound(node, rule), inputs, conventions))
    except (TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError) as error:
        if isinstance(error, NetworkError):
            raise
        # A word where a number belongs, a tuple where a size does: the rules do not look at everything.
        raise NetworkError(
            f"{node.where}: a setting is not of the kind that it has to be; it is written {rule.signature}"
        ) from error


def bound(node: Node, rule: LayerRule) -> dict[str, Any]:
    """The settings of a layer by name, those that were not given included."""
    names = [one.name for one in rule.settings]
    if len(node.arguments) > len(names):
        raise NetworkError(f"{node.where}: takes at most {len(names)} settings: {rule.signature}")
    given = dict(zip(names, node.arguments, strict=False))
    for key, value in node.keywords.items():
        if key in given:
            raise NetworkError(f"{node.where}: {key} is given twice")
        if key in names:
            given[key] = value
        elif key not in _IGNORED:
            near = nearest(key, names)
            hint = f"did you mean {near[0]}?" if near else f"it is written {rule.signature}"
            raise NetworkError(f"{node.where}: has no setting {key!r}; {hint}")
    missing = [one.name for one in rule.settings if one.required and one.name not in given]
    if missing:
        raise NetworkError(f"{node.where}: {missing[0]} is missing; it is written {rule.signature}")
    for one in rule.settings:
        value = given.get(one.name)
        if isinstance(one.default, bool) and not isinstance(value, bool | int | None):
            raise NetworkError(f"{node.where}: {one.name} is True or False; came {value}")
    return {one.name: given.get(one.name, one.default) for one in rule.settings}


def with_setting(node: Node, name: str, value: Any) -> Node:
    """The layer with another value for one setting, which stays where it was written.

    >>> with_setting(Node("Linear", (7, 5)), "in_features", 11).call
    'Linear(11, 5)'
    """
    position = [one.name for one in load()[node.layer].settings].index(name)
    if position < len(node.arguments):
        given = (*node.arguments[:position], value, *node.arguments[position + 1 :])
        return replace(node, arguments=given)
    return replace(node, keywords={**node.keywords, name: value})


def differ(left: Any, right: Any) -> bool:
    """Whether two sizes are certainly or apparently not the same.

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> differ(3, 4), differ(n + 1 - 1, n), differ(n, 3)
    (True, False, True)
    """
    if isinstance(left, int) and isinstance(right, int):
        return left != right
    return bool(sp.expand(sp.sympify(left) - sp.sympify(right)) != 0)


def show(shape: Shape) -> str:
    """A shape as it is written: ``64x56x56``; a number alone for one axis.

    >>> show((64, 56, 56)), show(())
    ('64x56x56', '1')
    """
    return (
        "x".join(f"({one})" if isinstance(one, sp.Add) else str(one) for one in shape).replace("**", "^")
        or "1"
    )


def entrywise(call: Call, operation: str, role: str = ACTIVATION, **use: Any) -> Placed:
    """A layer that works on every number by itself."""
    count = product(call.shape)
    if operation:
        return Placed(call.shape, (Use(operation, {}, calls=count, role=role, **use),))
    return Placed(call.shape, (Use(role=role, evaluations=count, **use),))


def unchanged(call: Call) -> Placed:
    """A layer that does nothing while a network is used."""
    return Placed(call.shape)


def sized(operation: str, sizes: Mapping[str, Size], **use: Any) -> Use:
    """A use with the sizes that follow from the given ones."""
    return Use(operation, formulas_of(operation).sizes(sizes), **use)
