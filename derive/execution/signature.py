"""What shapes an operation takes and gives, written as one line such as ``x: ... n, W: m n, b: m -> ... m``.

Letters are sizes: the same letter is the same size everywhere. ``...`` stands for any number of leading
(batch) axes; those of different inputs broadcast against each other as in NumPy, the lettered axes never do.
An input with a question mark, ``b?: m``, may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Shape = tuple[int, ...]


class ExecutionError(ValueError):
    """A call that cannot be executed; the message says what came and what would work."""


def size_text(shape: Shape) -> str:
    """A shape in words.

    >>> size_text((3, 5)), size_text((7,)), size_text(())
    ('3x5', 'of size 7', 'a single number')
    """
    if not shape:
        return "a single number"
    return f"of size {shape[0]}" if len(shape) == 1 else _product_text(shape)


def _product_text(shape: Shape) -> str:
    return "x".join(map(str, shape))


@dataclass(frozen=True)
class Axes:
    """The axes of one array: its lettered sizes, and whether leading axes may stand before them."""

    letters: tuple[str, ...]
    batched: bool

    @classmethod
    def parse(cls, text: str) -> Axes:
        words = text.split()
        batched = words[:1] == ["..."]
        return cls(tuple(words[batched:]), batched)

    def split(self, shape: Shape) -> tuple[Shape, Shape]:
        """The leading axes and the lettered axes of a shape that has enough of them."""
        cut = len(shape) - len(self.letters)
        return shape[:cut], shape[cut:]

    def __str__(self) -> str:
        return "(" + ", ".join(["..."] * self.batched + list(self.letters)) + ")"


@dataclass(frozen=True)
class Signature:
    """The inputs of an operation in order, each with its axes, and the axes of the result.

    >>> linear = Signature.parse("x: ... n, W: m n, b: m -> ... m")
    >>> linear.result_shape("linear", {"x": (2, 11, 5), "W": (3, 5), "b": (3,)})
    (2, 11, 3)
    >>> linear.result_shape("linear", {"x": (2, 4), "W": (3, 5), "b": (3,)})
    Traceback (most recent call last):
    derive.execution.signature.ExecutionError: linear: W is 3x5 and needs x to end in 5; x ends in 4
    """

    inputs: dict[str, Axes]
    result: Axes
    optional: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Signature:
        left, right = text.split("->")
        pairs = [part.split(":") for part in left.split(",")]
        inputs = {name.strip().rstrip("?"): Axes.parse(axes) for name, axes in pairs}
        optional = tuple(name.strip()[:-1] for name, _ in pairs if name.strip().endswith("?"))
        return cls(inputs, Axes.parse(right), optional)

    def result_shape(
        self,
        operation: str,
        shapes: Mapping[str, Shape],
        more: Callable[[dict[str, int]], dict[str, int]] | None = None,
    ) -> Shape:
        """Check the shapes of all inputs against each other and return the result's shape.

        `more` gives the sizes of letters that only the result has, from those of the inputs.
        Raises ExecutionError that names the two inputs which disagree, with their sizes.
        """
        sizes: dict[str, int] = {}
        giver: dict[str, str] = {}  # which input fixed a letter's size
        leading: dict[str, Shape] = {}
        for name, shape in shapes.items():
            axes = self.inputs[name]
            leading[name], core = self._split(operation, name, shape)
            if len(set(axes.letters)) < len(axes.letters) and len(set(core)) > 1:
                raise ExecutionError(f"{operation}: {name} must be square; it is {size_text(core)}")
            for letter, size in zip(axes.letters, core, strict=True):
                if sizes.setdefault(letter, size) != size:
                    other = giver[letter]
                    has = self.inputs[other].split(shapes[other])[1]
                    own = self.inputs[other].letters
                    wants = tuple(size if own[i] == letter else has[i] for i in range(len(own)))
                    raise ExecutionError(
                        f"{operation}: {name} is {size_text(core)} and needs {other} to end in "
                        f"{_product_text(wants)}; {other} ends in {_product_text(has)}"
                    )
                giver.setdefault(letter, name)
        if more is not None:
            for letter, size in more(dict(sizes)).items():
                if sizes.setdefault(letter, size) != size:
                    raise ExecutionError(
                        f"{operation}: {letter} is {sizes[letter]} in {giver[letter]}; it must be {size}"
                    )
        return self._broadcast(operation, leading) + tuple(sizes[letter] for letter in self.result.letters)

    def _split(self, operation: str, name: str, shape: Shape) -> tuple[Shape, Shape]:
        axes = self.inputs[name]
        if len(shape) < len(axes.letters) or (not axes.batched and len(shape) != len(axes.letters)):
            raise ExecutionError(f"{operation}: {name} needs the axes {axes}; it has the shape {shape}")
        leading, core = axes.split(shape)
        if 0 in core:
            raise ExecutionError(f"{operation}: {name} has the shape {shape}; {axes} must not be empty")
        return leading, core

    def _broadcast(self, operation: str, leading: Mapping[str, Shape]) -> Shape:
        try:
            return np.broadcast_shapes(*leading.values())
        except ValueError:
            parts = ", ".join(f"{name}: {shape}" for name, shape in leading.items() if shape)
            raise ExecutionError(f"{operation}: the leading axes do not fit together ({parts})") from None
