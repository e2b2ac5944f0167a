"""``derive data``: what is done by hand on a few points."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from derive.cli.options import FORMULAS, fail, format_option, output_option, write, write_json


@click.group("data")
def command() -> None:
    """Nearest neighbours, folds of a cross-validation and principal components of a few points."""


def _point(text: str) -> tuple[Fraction, ...]:
    try:
        return tuple(Fraction(part.strip()) for part in text.strip("() ").split(","))
    except (ValueError, ZeroDivisionError):
        fail(f"{text!r} is no point; write its coordinates: 1,2 or 1/2,-3")


def _shown(point: tuple[Fraction, ...]) -> str:
    return "(" + ", ".join(map(str, point)) + ")"


@command.command("knn", context_settings=FORMULAS)
@click.argument("query")
@click.option("--point", "points", multiple=True, required=True, help="A point and its class: 1,2:red.")
@click.option("-k", "k", default=3, show_default=True, help="How many neighbours vote.")
@format_option("text", "json")
@output_option()
def knn_command(query: str, points: tuple[str, ...], k: int, output_format: str, output: Path | None) -> None:
    """The class of QUERY by a vote of its nearest neighbours (Euclidean distance).

    \b
      derive data knn 1,1 --point 1,2:a --point 3,1:b --point 0,0:a -k 3
    """
    from derive.practice.small_data import DataError, nearest

    pairs = [one.rpartition(":") for one in points]
    bad = [one for one, (_, sign, label) in zip(points, pairs, strict=True) if not sign or not label]
    if bad:
        fail(f"{bad[0]!r} has no class; write 1,2:red")
    try:
        vote = nearest(
            [_point(place) for place, _, _ in pairs], [label for *_, label in pairs], _point(query), k
        )
    except DataError as error:
        fail(str(error))
    if output_format == "json":
        ranked = [
            {"number": one.number, "point": [str(v) for v in one.point], "class": one.label,
             "squared_distance": str(one.distance)}
            for one in vote.neighbours
        ]  # fmt: skip
        write_json(
            {
                "neighbours": ranked,
                "k": k,
                "votes": dict(vote.votes),
                "winner": vote.winner,
                "tied": vote.tied,
            },
            output,
        )
        return
    lines = [f"Squared distances to {_shown(_point(query))}, the nearest first"]
    for place, one in enumerate(vote.neighbours, 1):
        mark = "*" if place <= k else " "
        lines.append(f"  {mark} {_shown(one.point)} of class {one.label}: {one.distance}")
    lines.append("Votes: " + ", ".join(f"{label} {count}" for label, count in vote.votes))
    lines.append(f"Class: {vote.winner}" if vote.winner is not None else "A tie: no class has most votes")
    if vote.tied:
        lines.append("(Another point is as near as the last of these; by order of the data.)")
    write("\n".join(lines), output)


@command.command("folds")
@click.argument("n", type=click.IntRange(2, 100_000))
@click.argument("k", type=int)
@format_option("text", "json")
@output_option()
def folds_command(n: int, k: int, output_format: str, output: Path | None) -> None:
    """N examples in K folds: what each model is tested on and how many it is trained on."""
    from derive.practice.small_data import DataError, folds

    try:
        made = folds(n, k)
    except DataError as error:
        fail(str(error))
    if output_format == "json":
        write_json([{"test": fold, "train": n - len(fold)} for fold in made], output)
        return
    lines = [
        f"fold {i}: tested on {fold[0]} to {fold[-1]} ({len(fold)}), trained on the other {n - len(fold)}"
        for i, fold in enumerate(made, 1)
    ]
    write("\n".join(lines), output)


@command.command("pca", context_settings=FORMULAS)
@click.argument("points", nargs=-1, required=True, type=click.UNPROCESSED)
@format_option("text", "json")
@output_option()
def pca_command(points: tuple[str, ...], output_format: str, output: Path | None) -> None:
    """Mean, covariance, principal components and rank of POINTS.

    \b
      derive data pca 1,1 2,3 3,2 4,4
    """
    from derive.practice.small_data import DataError, principal_components

    try:
        found = principal_components([_point(one) for one in points])
    except DataError as error:
        fail(str(error))
    if output_format == "json":
        data = {
            "mean": [str(value) for value in found.mean],
            "covariance": [[str(value) for value in row] for row in found.covariance],
            "variances": list(found.variances),
            "directions": [list(one) for one in found.directions],
            "rank": found.rank,
        }
        write_json(data, output)
        return
    total = sum(found.variances)
    lines = [f"mean {_shown(found.mean)}", "covariance, divided by the number of points"]
    lines += [f"  {_shown(row)}" for row in found.covariance]
    for i, (variance, direction) in enumerate(zip(found.variances, found.directions, strict=True), 1):
        share = f", {variance / total:.1%} of all" if total else ""
        along = ", ".join(f"{value:.6g}" for value in direction)
        lines.append(f"component {i}: ({along}) with variance {variance:.6g}{share}")
    lines.append(
        f"rank {found.rank}: an autoencoder needs a code of {found.rank} numbers to give all points back"
    )
    write("\n".join(lines), output)
