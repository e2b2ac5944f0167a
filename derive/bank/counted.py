"""Answers that are counts of a network: nothing is typed in but the network and what is asked of it.

.. code-block:: toml

    [[networks]]
    name = "naive"
    input = "256x32x32"
    text = '''
    Concat(Conv2d(256, 128, 1), Conv2d(256, 192, 3, padding=1), Conv2d(256, 96, 5, padding=2))
    '''

    [[parts]]
    id = "a"
    question = "How many parameters $P$ has the block?"
    marks = 3
    answer = 'P'
    network = "naive"
    count = "parameters"

``count`` is a quantity of :data:`derive.counting.network.QUANTITIES`, ``size`` (the places along an axis) or
``receptive``, ``jump``, ``low``, ``high`` of the receptive field; ``layer`` names a layer if not the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from derive.counting.network import NetworkCount, Row
    from derive.counting.receptive import Interval

OF_A_LAYER = ("size", "receptive", "jump", "low", "high", "numbers")


@dataclass(frozen=True)
class Counted:
    """What a part asks of which network."""

    text: str
    input: str
    quantity: str
    layer: str = ""

    @cached_property
    def count(self) -> NetworkCount:
        """The counted network; :class:`~derive.graphs.network.NetworkError` if it cannot be counted."""
        from derive.counting.describe import network_from_text
        from derive.counting.network import count_network
        from derive.graphs.network_text import shape_of

        return count_network(network_from_text(self.text), [shape_of(self.input)] if self.input else [])

    @cached_property
    def row(self) -> Row:
        """The layer that is asked about."""
        from derive.graphs.network import NetworkError

        if not self.layer:
            return self.count.rows[-1]
        try:
            return self.count.row(self.layer)
        except KeyError as error:
            raise NetworkError(f"the network has no layer {self.layer!r}") from error

    @cached_property
    def interval(self) -> Interval:
        """The receptive field of the layer along the first axis in space."""
        from derive.counting.receptive import receptive_fields, spatial
        from derive.graphs.network import NetworkError

        fields = receptive_fields(self.count)
        axes = spatial(self.count, fields)
        field = fields.of(self.row.number, axes[0], self.count.network.inputs[0]) if axes else None
        if field is None or field.single is None:
            raise NetworkError(f"{self.row.node.call} has no single interval of the input")
        return field.single

    @property
    def is_number(self) -> bool:
        """Whether the answer is a number; else it is a formula in the network's letters."""
        if self.quantity in OF_A_LAYER:
            return True
        return isinstance(self.count.totals[self.quantity], int)

    @property
    def formula(self) -> str:
        """The answer as LaTeX that can be evaluated: the sum that a student writes."""
        from derive.counting.working import size_formula, sum_of, working

        if self.quantity == "size":
            return size_formula(self.row)
        if self.quantity == "numbers":
            return r" \cdot ".join(map(str, self.row.shape))
        if self.quantity in OF_A_LAYER:
            from derive.counting.receptive import sum_along

            name = {"receptive": "size"}.get(self.quantity, self.quantity)
            chain = sum_along(self.count, self.row.number)
            return chain[name] if chain else str(getattr(self.interval, name))
        lines = working(self.count, self.quantity)
        if self.layer:
            lines = tuple(line for line in lines if line.row is self.row)
        return sum_of(lines) or "0"
