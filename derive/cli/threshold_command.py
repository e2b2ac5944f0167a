"""``derive threshold``: threshold units, what they can do, what they cannot, and how they learn."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from derive.cli.options import FORMULAS, fail, format_option, output_option, write, write_json

if TYPE_CHECKING:
    from derive.graphs.separability import Point


@click.group("threshold")
def command() -> None:
    """Threshold units: what one can compute, the proof where none can, networks of them, how one learns.

    A TABLE is a gate (and, or, xor, ...), its outputs with row 00 first (0110), or parityN.
    """


def _numbers(text: str) -> tuple[Fraction, ...]:
    try:
        return tuple(Fraction(part.strip()) for part in text.strip("() ").split(","))
    except (ValueError, ZeroDivisionError):
        fail(f"{text!r} are no numbers; write 0,1 or 1/2,-3")


def _labelled(points: tuple[str, ...]) -> tuple[list[Point], list[int]]:
    """Points and labels of ``0,1:1``; 0 and -1 both mean the other class."""
    found: list[Point] = []
    labels: list[int] = []
    for one in points:
        place, sign, label = one.rpartition(":")
        if not sign or label.strip() not in ("0", "1", "+1", "-1"):
            fail(f"{one!r} is no labelled point; write its coordinates and its class, 0,1:1 or 0,1:-1")
        found.append(_numbers(place))
        labels.append(1 if label.strip() in ("1", "+1") else -1)
    return found, labels


def _points_or_table(table: str | None, points: tuple[str, ...], low: int) -> tuple[list[Point], list[int]]:
    from derive.graphs.threshold import inputs_of, read_table, rows

    if (table is None) == (not points):
        fail("give a table, such as xor or 0110, or points: --point 0,1:1 --point 1,1:0")
    if table is None:
        return _labelled(points)
    outputs = read_table(table)
    every = [tuple(map(Fraction, row)) for row in rows(inputs_of(outputs), low)]
    return every, [1 if out else -1 for out in outputs]


_TABLE = click.argument("table", required=False)
_POINTS = click.option("--point", "points", multiple=True, help="A point and its class instead: 0,1:1.")
_SIGNED = click.option("--signed", is_flag=True, help="Inputs are -1 and 1 instead of 0 and 1.")


@command.command("separate", context_settings=FORMULAS)
@_TABLE
@_POINTS
@_SIGNED
@format_option("text", "latex", "json")
@output_option()
def separate_command(
    table: str | None, points: tuple[str, ...], signed: bool, output_format: str, output: Path | None
) -> None:
    """Weights of one unit for a TABLE or for points, or the proof that there are none.

    \b
      derive threshold separate and
      derive threshold separate 0110
      derive threshold separate --point 0,0:0 --point 2,1:1 --point 1,3:1
    """
    from derive.graphs.separability import separate
    from derive.graphs.threshold import ThresholdError
    from derive.rendering import threshold as rendering

    try:
        every, labels = _points_or_table(table, points, -1 if signed else 0)
        firing = [point for point, label in zip(every, labels, strict=True) if label == 1]
        resting = [point for point, label in zip(every, labels, strict=True) if label == -1]
        found = separate(firing, resting)
    except (ThresholdError, ValueError) as error:
        fail(str(error))
    if output_format == "json":
        write_json(rendering.separation_dict(found), output)
    elif output_format == "latex":
        write(rendering.separation_latex(found), output)
    else:
        write(rendering.separation_text(found, firing, resting), output)


@command.command("network")
@click.argument("table")
@_SIGNED
@click.option("--every-row", is_flag=True, help="A detector for every row: 2^n + 1 units.")
@format_option("text", "json")
@output_option()
def network_command(
    table: str, signed: bool, every_row: bool, output_format: str, output: Path | None
) -> None:
    """A network of two layers for a TABLE: two hidden units if they do, else one for each row with 1."""
    from derive.graphs.threshold import (
        ThresholdError,
        detector_network,
        inputs_of,
        read_table,
        rows,
        two_hidden_units,
    )
    from derive.rendering import threshold as rendering

    low = -1 if signed else 0
    try:
        outputs = read_table(table)
        network = None if every_row else two_hidden_units(outputs, low)
        network = network or detector_network(outputs, low, every_row)
    except ThresholdError as error:
        fail(str(error))
    if output_format == "json":
        write_json(rendering.network_dict(network), output)
    else:
        write(rendering.network_text(network, list(rows(inputs_of(outputs), low))), output)


@command.command("learn", context_settings=FORMULAS)
@_TABLE
@_POINTS
@_SIGNED
@click.option("--start", help="The weights at first, the bias first: 0,0,0.")
@click.option("--sweeps", default=100, show_default=True, help="How often to go through all points at most.")
@format_option("text", "json")
@output_option()
def learn_command(
    table: str | None,
    points: tuple[str, ...],
    signed: bool,
    start: str | None,
    sweeps: int,
    output_format: str,
    output: Path | None,
) -> None:
    """Rosenblatt's rule on a TABLE or on points, every step of it.

    \b
      derive threshold learn or
      derive threshold learn --point 2,1:1 --point -1,1:-1 --start 0,0,1
    """
    from derive.graphs.perceptron_rule import learn
    from derive.graphs.threshold import ThresholdError
    from derive.rendering import threshold as rendering

    try:
        every, labels = _points_or_table(table, points, -1 if signed else 0)
        learning = learn(every, labels, None if start is None else _numbers(start), sweeps)
    except (ThresholdError, ValueError) as error:
        fail(str(error))
    if output_format == "json":
        write_json(rendering.learning_dict(learning), output)
    else:
        write(rendering.learning_text(learning), output)


@command.command("unit", context_settings=FORMULAS)
@click.option("--weights", help="The weights of the inputs: 1,1.")
@click.option("--bias", default="0", show_default=True, help="w_0; the unit fires where w_0 + w.x > 0.")
@click.option("--inputs", type=click.IntRange(1, 12), help="A McCulloch-Pitts unit with so many inputs.")
@click.option("--threshold", "theta", type=int, help="How many excitatory inputs it needs.")
@click.option("--inhibitory", default="", help="The numbers of its inhibitory inputs, from 1: 2,3.")
@_SIGNED
@format_option("text", "json")
@output_option()
def unit_command(
    weights: str | None,
    bias: str,
    inputs: int | None,
    theta: int | None,
    inhibitory: str,
    signed: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """The truth table of a unit with weights, or of a McCulloch-Pitts unit.

    \b
      derive threshold unit --weights 1,1 --bias -1
      derive threshold unit --inputs 3 --threshold 1 --inhibitory 3
    """
    from derive.graphs.threshold import McCullochPitts, ThresholdError, Unit, rows
    from derive.rendering.threshold import number, row_text, unit_text

    try:
        lines: list[str] = []
        if weights is not None:
            unit = Unit(_numbers(bias)[0], _numbers(weights))
            lines.append(f"g(z) = 1 where {unit_text(unit)} > 0")
            every = list(rows(len(unit.weights), -1 if signed else 0))
            table = [int(unit.fires(row)) for row in every]
            lines += [
                f"  {row_text(row)}: z = {number(unit.sum(row))}, g(z) = {out}"
                for row, out in zip(every, table, strict=True)
            ]
        elif inputs is not None and theta is not None:
            off = frozenset(int(value) - 1 for value in _numbers(inhibitory)) if inhibitory else frozenset()
            neuron = McCullochPitts(inputs, theta, off)
            every, table = list(rows(inputs)), list(neuron.table())
            lines.append(f"fires if no inhibitory input is on and at least {theta} of the others are")
            lines += [f"  {row_text(row)}: {out}" for row, out in zip(every, table, strict=True)]
        else:
            fail("give --weights 1,1 --bias -1, or --inputs 3 --threshold 2")
    except ThresholdError as error:
        fail(str(error))
    if output_format == "json":
        write_json({"rows": [list(row) for row in every], "table": table}, output)
    else:
        write("\n".join(lines), output)


@command.command("counts")
@click.argument("most", type=click.IntRange(2, 10), default=5)
@format_option("text", "json")
@output_option()
def counts_command(most: int, output_format: str, output: Path | None) -> None:
    """How many units functions of 2 to MOST inputs need, counted on networks that are built."""
    from dataclasses import asdict

    from derive.graphs.threshold import unit_counts

    found = [unit_counts(n) for n in range(2, most + 1)]
    if output_format == "json":
        write_json([asdict(one) for one in found], output)
        return
    header = ("n", "any function", "parity: rows with 1", "parity, two layers", "parity, a chain")
    table = [header, ("", "2^n + 1", "2^(n-1)", "2^(n-1) + 1", "3 (n-1)")]
    table += [
        (str(one.n), str(one.sufficient), str(one.parity_rows), str(one.parity_shallow), str(one.parity_deep))
        for one in found
    ]
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    write("\n".join(lines), output)
