"""The multi-layer perceptron: layers, activations and a loss wired into one program, for one example.

``z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}``, ``a^{(l)} = sigma(z^{(l)})``; the gradient of the loss by
``z^{(l)}`` is called ``delta^{(l)}``, as in Nielsen, Neural Networks and Deep Learning (2015), chapter 2,
equations BP1 to BP4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from derive.graphs.wiring import Wiring, WiringError
from derive.ops.catalogue import operation
from derive.ops.definition import Operation
from derive.tensor.index import size
from derive.tensor.nodes import Tensor
from derive.tensor.program import Program


@dataclass(frozen=True)
class Perceptron:
    """A wired perceptron: its program, the gradients wanted, and the names of ``dL/dz``."""

    title: str
    program: Program
    wanted: tuple[Tensor, ...]
    names: dict[Tensor, Tensor]
    seeds: dict[Tensor, Tensor]
    activations: tuple[Operation, ...]


def _labelled(letter: str, label: str, *extents: sp.Expr, letters: str) -> Tensor:
    latex = {"delta": r"\delta"}.get(letter, letter)
    text = {"delta": "δ"}.get(letter, letter)
    return Tensor(
        f"{letter}({label})",
        extents,
        latex=f"{latex}^{{({label})}}",
        text=f"{text}⁽{_raised(label)}⁾",
        letters=letters,
    )


_RAISED = str.maketrans("0123456789+-lL", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˡᴸ")


def _raised(label: str) -> str:
    return label.translate(_RAISED)


def _widths(widths: Sequence[int | str]) -> list[sp.Expr]:
    """Numbers stay numbers; anything else is the name of a symbolic size."""
    found: list[sp.Expr] = []
    for width in widths:
        text = str(width)
        if text.lstrip("-").isdigit():
            if int(text) < 1:
                raise WiringError(f"a layer needs at least one unit; came {text}")
            found.append(sp.Integer(text))
        elif text.replace("_", "").isalnum():
            found.append(size(text))
        else:
            raise WiringError(f"a layer's width is a number or a name such as n_1; came {text!r}")
    return found


def _activation(name: str) -> Operation:
    found = operation(name)
    if not found.is_elementwise:
        raise WiringError(f"{name} is not an activation: it does not act on each number by itself")
    return found


def perceptron(
    widths: Sequence[int | str],
    activation: str = "sigmoid",
    loss: str = "half_squared_error",
    output_activation: str | None = None,
) -> Perceptron:
    """A perceptron with these widths, the input's first; the loss compares its output with a target ``y``.

    ``output_activation`` is the last layer's; by default the same as the others', and none before a loss that
    contains it (cross-entropy on logits). Raises :class:`WiringError` for fewer than two widths, or for
    something that is no activation or no loss of a prediction and a target.

    >>> [one.name for one in perceptron([3, 2, 1]).wanted]
    ['W(1)', 'b(1)', 'W(2)', 'b(2)']
    """
    sizes = _widths(widths)
    if len(sizes) < 2:
        raise WiringError("a perceptron needs the width of its input and of at least one layer")
    # A loss of scores z contains the last activation itself; one of a prediction does not.
    of_scores = operation(loss).inputs[0].name == "z"
    last = output_activation or ("identity" if of_scores else activation)
    layers = len(sizes) - 1
    chosen = [_activation(activation)] * (layers - 1) + [_activation(last)]
    wiring = Wiring()
    value = wiring.input(Tensor("x", [sizes[0]], letters="j"))
    wanted: list[Tensor] = []
    names: dict[Tensor, Tensor] = {}
    for number in range(1, layers + 1):
        value, delta, parameters = _layer(wiring, value, sizes[number], str(number), chosen[number - 1])
        names |= delta
        wanted += parameters
    _loss(wiring, value, loss)
    title = " - ".join(str(extent) for extent in sizes)
    return Perceptron(
        f"perceptron {title}", wiring.program(), tuple(wanted), names, {}, tuple(dict.fromkeys(chosen))
    )


def _layer(
    wiring: Wiring, value: Tensor, width: sp.Expr, label: str, activation: Operation
) -> tuple[Tensor, dict[Tensor, Tensor], list[Tensor]]:
    """One layer: its output, the name of its ``dL/dz``, and its parameters."""
    W = wiring.input(_labelled("W", label, width, value.shape[0], letters="ij"))
    bias = wiring.input(_labelled("b", label, width, letters="i"))
    z = _labelled("z", label, width, letters="i")
    wiring.apply(operation("affine"), {"x": value, "W": W, "b": bias}, output=z, keep=True)
    names = {z: _labelled("delta", label, width, letters="i")}
    if activation.name == "identity":
        return z, names, [W, bias]
    a = _labelled("a", label, width, letters="i")
    return wiring.apply(activation, {"x": z}, output=a), names, [W, bias]


def _loss(wiring: Wiring, value: Tensor, name: str) -> None:
    loss = operation(name)
    shapes = [one.tensor.shape if one.tensor is not None else None for one in loss.inputs]
    if loss.output.rank or len(shapes) != 2 or shapes[0] != shapes[1]:
        raise WiringError(f"{name} is not a loss of a prediction and a target of the same shape")
    prediction, target = loss.inputs
    assert target.tensor is not None
    y = wiring.input(
        Tensor(
            "y",
            value.shape,
            letters="i",
            positive=target.tensor.positive,
            nonnegative=target.tensor.nonnegative,
        )
    )
    wiring.apply(loss, {prediction.name: value, target.name: y})


def hidden_layer(activation: str = "sigmoid") -> Perceptron:
    """Layer ``l`` of a perceptron of any depth, with what the layer above sends back.

    It is one step of the recursion: from ``delta^{(l+1)}`` come ``delta^{(l)}`` and the gradients by the
    layer's weights and bias.
    """
    below, own, above = size("n_l-1"), size("n_l"), size("n_l+1")
    wiring = Wiring()
    value = wiring.input(_labelled("a", "l-1", below, letters="j"))
    chosen = _activation(activation)
    value, names, wanted = _layer(wiring, value, own, "l", chosen)
    _, higher, _ = _layer(wiring, value, above, "l+1", operation("identity"))
    return Perceptron(
        "layer l of a perceptron",
        wiring.program(),
        tuple(wanted),
        names,
        higher,
        (chosen,),
    )
