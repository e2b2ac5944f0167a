"""Units that fire or do not: McCulloch and Pitts, the perceptron, truth tables and networks for them.

A unit fires, ``g(z) = 1``, where ``z = w_0 + w . x > 0``, and rests, ``g(z) = 0``, else. Rows of a truth
table are in counting order, 00, 01, 10, 11; a table is the list of its outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from derive.graphs.separability import Inseparable, Point, Separation, separate

MOST_INPUTS = 12

GATES = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "xnor": (1, 0, 0, 1),
    "implies": (1, 1, 0, 1),
}
"""The usual gates of two inputs."""


class ThresholdError(ValueError):
    """A table, a unit or points are not well-formed; the message says what would work."""


@dataclass(frozen=True)
class Unit:
    """A threshold unit: ``w_0`` and a weight for each input.

    >>> Unit(Fraction(-1), (Fraction(1), Fraction(1))).fires((1, 1))
    True
    """

    bias: Fraction
    weights: tuple[Fraction, ...]

    def sum(self, inputs: Sequence[int | Fraction]) -> Fraction:
        """``z``, what is compared with 0."""
        if len(inputs) != len(self.weights):
            raise ThresholdError(f"the unit has {len(self.weights)} inputs; {len(inputs)} numbers came")
        return self.bias + sum(w * x for w, x in zip(self.weights, inputs, strict=True))

    def fires(self, inputs: Sequence[int | Fraction]) -> bool:
        return self.sum(inputs) > 0


@dataclass(frozen=True)
class McCullochPitts:
    """The unit of 1943: it fires if no inhibitory input is on and at least ``threshold`` others are.

    >>> McCullochPitts(2, 1, inhibitory=frozenset({1})).table()
    (0, 0, 1, 0)
    """

    inputs: int
    threshold: int
    inhibitory: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        outside = [i for i in self.inhibitory if not 0 <= i < self.inputs]
        if outside:
            raise ThresholdError(
                f"the unit has the inputs 0 to {self.inputs - 1}; inhibitory is {outside[0]}"
            )

    def fires(self, inputs: Sequence[int]) -> bool:
        if any(inputs[i] for i in self.inhibitory):
            return False
        return sum(value for i, value in enumerate(inputs) if i not in self.inhibitory) >= self.threshold

    def table(self) -> tuple[int, ...]:
        """Its outputs on all rows."""
        return tuple(int(self.fires(row)) for row in rows(self.inputs))


def find_mcculloch_pitts(table: Sequence[int]) -> McCullochPitts | None:
    """A McCulloch-Pitts unit with this table, found by trying all; None if there is none.

    Every input has to be connected, and excites or inhibits.
    """
    n = inputs_of(table)
    for threshold in range(n + 2):
        for count in range(n + 1):
            for inhibitory in combinations(range(n), count):
                unit = McCullochPitts(n, threshold, frozenset(inhibitory))
                if unit.table() == tuple(table):
                    return unit
    return None


def rows(n: int, low: int = 0, high: int = 1) -> Iterator[tuple[int, ...]]:
    """All rows of a truth table of n inputs, in counting order.

    >>> list(rows(2, -1))
    [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    """
    if not 1 <= n <= MOST_INPUTS:
        raise ThresholdError(f"from 1 to {MOST_INPUTS} inputs are possible; here are {n}")
    return product((low, high), repeat=n)


def inputs_of(table: Sequence[int]) -> int:
    """How many inputs a table has, from its length."""
    n = (len(table) - 1).bit_length()
    if len(table) != 2**n or not 1 <= n <= MOST_INPUTS or set(table) - {0, 1}:
        raise ThresholdError(
            f"a truth table has 2, 4, 8, ... outputs 0 or 1, row 00 first; here are {len(table)}: "
            + "".join(map(str, table[:16]))
        )
    return n


def read_table(text: str) -> tuple[int, ...]:
    """The table of a gate's name or of a string of 0 and 1.

    >>> read_table("xor"), read_table("0110")
    ((0, 1, 1, 0), (0, 1, 1, 0))
    """
    name = text.strip().lower()
    if name in GATES:
        return GATES[name]
    if name.startswith("parity"):
        digits = name.removeprefix("parity")
        n = int(digits) if digits.isdigit() else 2
        return tuple(sum(row) % 2 for row in rows(n))
    if name and not set(name) - {"0", "1"}:
        table = tuple(map(int, name))
        inputs_of(table)
        return table
    raise ThresholdError(
        f"{text!r} is no truth table; write its outputs, row 00 first (0110), parity3, or one of "
        + ", ".join(GATES)
    )


def separate_table(table: Sequence[int], low: int = 0) -> Separation | Inseparable:
    """Weights of one unit for a table, or the certificate that there are none."""
    every = list(rows(inputs_of(table), low))
    firing = [_point(row) for row, out in zip(every, table, strict=True) if out]
    resting = [_point(row) for row, out in zip(every, table, strict=True) if not out]
    return separate(firing, resting)


def _point(row: Sequence[int]) -> Point:
    return tuple(map(Fraction, row))


@dataclass(frozen=True)
class Layered:
    """Hidden units side by side, and one output unit that reads them."""

    hidden: tuple[Unit, ...]
    output: Unit

    @property
    def units(self) -> int:
        return len(self.hidden) + 1

    def fires(self, inputs: Sequence[int]) -> bool:
        return self.output.fires([int(unit.fires(inputs)) for unit in self.hidden])

    def table(self, low: int = 0) -> tuple[int, ...]:
        return tuple(int(self.fires(row)) for row in rows(len(self.hidden[0].weights), low))


def row_detector(row: Sequence[int], low: int = 0) -> Unit:
    """The unit that fires on this row of a table and on no other.

    >>> unit = row_detector((1, 0))
    >>> [unit.fires(row) for row in rows(2)]
    [False, False, True, False]
    """
    high = max(1, *row)
    signs = [1 if value == high else -1 for value in row]
    best = sum(sign * value for sign, value in zip(signs, row, strict=True))
    # The next best row differs in one place and has high - low less.
    return Unit(Fraction(high - low - best) - Fraction(high - low, 2), tuple(map(Fraction, signs)))


def detector_network(table: Sequence[int], low: int = 0, every_row: bool = False) -> Layered:
    """A detector for each row with output 1 (or for every row), and a unit that fires if a wanted one does.

    With a detector for every row it has ``2^n + 1`` units and the hidden layer is the same for all tables.
    """
    n = inputs_of(table)
    chosen = [(row, out) for row, out in zip(rows(n, low), table, strict=True) if out or every_row]
    if not chosen:
        chosen = [((1,) * n, 0)]
    hidden = tuple(row_detector(row, low) for row, _ in chosen)
    return Layered(hidden, Unit(Fraction(-1, 2), tuple(Fraction(out) for _, out in chosen)))


def two_hidden_units(table: Sequence[int], low: int = 0) -> Layered | None:
    """A network with only two hidden units for a table of up to three inputs, by trying all pairs.

    None where there is none, and for more inputs.
    """
    n = inputs_of(table)
    if n > 3:
        return None
    every = list(rows(n, low))
    candidates: dict[tuple[int, ...], Unit] = {}
    for outputs in product((0, 1), repeat=len(every)):
        found = separate_table(outputs, low)
        if isinstance(found, Separation) and 0 < sum(outputs) < len(every):
            candidates[outputs] = Unit(found.weights[0], found.weights[1:])
    for one, other in combinations(sorted(candidates, key=lambda t: (sum(t), t)), 2):
        pairs = list(zip(one, other, strict=True))
        fire = {_point(pair) for pair, out in zip(pairs, table, strict=True) if out}
        rest = {_point(pair) for pair, out in zip(pairs, table, strict=True) if not out}
        if fire & rest or not fire or not rest:
            continue
        found = separate(sorted(fire), sorted(rest))
        if isinstance(found, Separation):
            return Layered((candidates[one], candidates[other]), Unit(found.weights[0], found.weights[1:]))
    return None


def parity_chain(n: int) -> list[Layered]:
    """The parity of n inputs as n - 1 XORs one after the other, each of three units: 3 (n - 1) in all."""
    if not 2 <= n <= MOST_INPUTS:
        raise ThresholdError(f"the parity of 2 to {MOST_INPUTS} inputs can be built; here are {n}")
    xor = two_hidden_units(GATES["xor"])
    assert xor is not None
    return [xor] * (n - 1)


def chain_table(chain: Sequence[Layered]) -> tuple[int, ...]:
    """What a chain of two-input networks computes: each reads the last result and the next input."""
    outputs = []
    for row in rows(len(chain) + 1):
        value = row[0]
        for gate, following in zip(chain, row[1:], strict=True):
            value = int(gate.fires((value, following)))
        outputs.append(value)
    return tuple(outputs)


@dataclass(frozen=True)
class UnitCounts:
    """How many units a function of n inputs needs, as formulas of the lecture and as counted here."""

    n: int
    sufficient: int
    parity_rows: int
    parity_shallow: int
    parity_deep: int


def unit_counts(n: int) -> UnitCounts:
    """``2^n + 1`` for any function; for parity ``2^(n-1)`` rows with output 1, or a chain of ``3 (n - 1)``.

    All are counted on networks that are built, not computed from the formulas.

    >>> unit_counts(4)
    UnitCounts(n=4, sufficient=17, parity_rows=8, parity_shallow=9, parity_deep=9)
    """
    parity = tuple(sum(row) % 2 for row in rows(n))
    return UnitCounts(
        n,
        detector_network(parity, every_row=True).units,
        sum(parity),
        detector_network(parity).units,
        sum(gate.units for gate in parity_chain(n)),
    )
