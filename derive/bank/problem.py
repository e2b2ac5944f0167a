"""What a problem file holds.

Its mathematics is LaTeX in the notation in which students answer. Nothing is typed in that can be derived: an
answer is a formula, and its value follows from the givens.

.. code-block:: toml

    title = "Softmax of three scores"
    source = "course notes"
    declare = ["x: 3", "s: 3"]
    givens = ["x = (2.0, 1.0, 0.1)"]

    [[parts]]
    id = "a"
    question = "Compute the softmax $s$ of the scores $x$."
    marks = 3
    answer = 's_i = \\frac{e^{x_i}}{\\sum_j e^{x_j}}'

    [[samples]]
    name = "right to two decimals"
    text = '$s = (0.66, 0.24, 0.10)$'

    [[samples]]
    name = "the weights are not normalised"
    text = '$s = (7.39, 2.72, 1.11)$'
    lines = {1 = "wrong"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.bank.counted import Counted
from derive.bank.errors import ProblemError
from derive.bank.operated import Operated, Run
from derive.suggest import unknown

VERDICTS = ("correct", "rounded", "follows", "definition", "wrong", "undecided", "unread")


@dataclass(frozen=True)
class Part:
    """One question of a problem.

    Parameters
    ----------
    id: a short name, ``a``; unique in the problem.
    question: Markdown with LaTeX.
    marks: what the part is worth.
    answer: a formula ``name = expression`` in LaTeX, to be evaluated from the givens and earlier answers.
    counted: for a part that counts a network, where ``answer`` is the name alone (see
        :mod:`derive.bank.counted`).
    operated: for a part that an operation of the catalogue answers (see :mod:`derive.bank.operated`).
    """

    id: str
    question: str
    marks: float
    answer: str
    counted: Counted | None = None
    operated: Operated | None = None

    @property
    def equation(self) -> str:
        """The answer with its formula, that of a counted network or of an operation included."""
        by = self.counted or self.operated
        return self.answer if by is None else f"{self.answer} = {by.formula}"


@dataclass(frozen=True)
class Sample:
    """A script with the verdicts that it must get.

    Parameters
    ----------
    name: what it shows.
    text: the script, as a student would hand it in.
    lines: for lines of the text (from 1) the verdict that some claim on it must have. Claims on all other
        lines must be accepted: ``correct``, ``rounded``, ``follows`` or ``definition``.
    notes: for lines of the text the note that must come with that verdict.
    """

    name: str
    text: str
    lines: Mapping[int, str]
    notes: Mapping[int, str]


@dataclass(frozen=True)
class Problem:
    """A problem with its givens, its parts and its sample scripts.

    Parameters
    ----------
    id: ``topic/slug``, from where the file lies.
    declarations: as in ``--declare``: ``"x: 3"``, ``"alpha: in (0,1)"``.
    givens: equations in LaTeX with a name on the left: ``"x = (2.0, 1.0, 0.1)"``.
    """

    id: str
    title: str
    source: str
    declarations: tuple[str, ...]
    givens: tuple[str, ...]
    parts: tuple[Part, ...]
    samples: tuple[Sample, ...]

    @property
    def topic(self) -> str:
        """The folder that it lies in."""
        return self.id.partition("/")[0]

    @property
    def marks(self) -> float:
        """What all parts are worth together."""
        return sum(part.marks for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "id": self.id,
            "topic": self.topic,
            "title": self.title,
            "source": self.source,
            "declare": list(self.declarations),
            "givens": list(self.givens),
            "marks": self.marks,
            "parts": [
                {"id": p.id, "question": p.question, "marks": p.marks, "answer": p.answer} for p in self.parts
            ],
        }


def problem_from(data: Mapping[str, Any], identifier: str) -> Problem:
    """A problem from the data of its file.

    Raises
    ------
    ProblemError: a key is missing, unknown or of the wrong type; the message names the file and the key.
    """
    top = _Table(data, identifier, "title source declare givens networks operations parts samples")
    networks, runs = _networks(top, identifier), _runs(top, identifier)
    parts: list[Part] = []
    for number, entry in enumerate(top.tables("parts"), 1):
        table = _Table(
            entry,
            f"{identifier}, part {number}",
            "id question marks answer network count layer operation find",
        )
        counted = _counted(table, networks) if "network" in entry or "count" in entry else None
        operated = _operated(table, runs, parts) if "operation" in entry or "find" in entry else None
        asked = table.text("id"), table.text("question"), table.marks("marks"), table.text("answer")
        parts.append(Part(*asked, counted, operated))
    if not parts:
        raise ProblemError(f"{identifier}: has no [[parts]]")
    repeated = {part.id for part in parts if [p.id for p in parts].count(part.id) > 1}
    if repeated:
        raise ProblemError(f"{identifier}: the part ids {', '.join(sorted(repeated))} are used twice")
    return Problem(
        identifier,
        top.text("title"),
        top.text("source"),
        top.texts("declare"),
        top.texts("givens"),
        tuple(parts),
        tuple(_sample(entry, identifier, n) for n, entry in enumerate(top.tables("samples"), 1)),
    )


def _networks(top: _Table, identifier: str) -> dict[str, tuple[str, str]]:
    found = {}
    for number, entry in enumerate(top.tables("networks"), 1):
        table = _Table(entry, f"{identifier}, network {number}", "name text input")
        found[table.text("name")] = (table.text("text"), table.text("input") if "input" in entry else "")
    return found


def _counted(table: _Table, networks: Mapping[str, tuple[str, str]]) -> Counted:
    name = table.text("network")
    if name not in networks:
        raise ProblemError(f"{table.where}: {unknown('network', name, networks)}")
    text, shape = networks[name]
    return Counted(text, shape, table.text("count"), table.text("layer") if "layer" in table.data else "")


def _runs(top: _Table, identifier: str) -> dict[str, Run]:
    found = {}
    for number, entry in enumerate(top.tables("operations"), 1):
        keys = "name operation inputs settings without upstream"
        table = _Table(entry, f"{identifier}, operation {number}", keys)
        found[table.text("name")] = Run(
            table.text("operation"),
            table.by_name("inputs"),
            {name: table.rational(name, value) for name, value in table.by_name("settings").items()},
            table.texts("without"),
            table.text("upstream") if "upstream" in entry else None,
            top.texts("givens"),
            top.texts("declare"),
        )
    return found


def _operated(table: _Table, runs: Mapping[str, Run], before: Sequence[Part]) -> Operated:
    name = table.text("operation")
    if name not in runs:
        raise ProblemError(f"{table.where}: {unknown('operation', name, runs)}")
    earlier = [part for part in before if part.operated is not None and part.operated.run is runs[name]]
    names = {part.operated.find: part.answer for part in earlier if part.operated is not None}
    return Operated(runs[name], table.text("find") if "find" in table.data else "", names)


def _sample(entry: Mapping[str, Any], identifier: str, number: int) -> Sample:
    table = _Table(entry, f"{identifier}, sample {number}", "name text lines notes")
    text = table.text("text")
    lines, notes = table.by_line("lines", text), table.by_line("notes", text)
    for verdict in lines.values():
        if verdict not in VERDICTS:
            raise ProblemError(f"{table.where}: {verdict!r} is no verdict; known: {', '.join(VERDICTS)}")
    return Sample(table.text("name"), text, lines, notes)


class _Table:
    """A TOML table whose values are asked for by type, with messages that say where."""

    def __init__(self, data: Mapping[str, Any], where: str, keys: str) -> None:
        self.data, self.where = data, where
        extra = set(data) - set(keys.split())
        if extra:
            raise ProblemError(
                f"{where}: unknown key {', '.join(sorted(extra))}; known: {keys.replace(' ', ', ')}"
            )

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ProblemError(f"{self.where}: {key!r} has to be some text, here is {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ProblemError(f"{self.where}: {key!r} has to be a list of texts, here is {value!r}")
        return tuple(value)

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ProblemError(f"{self.where}: {key!r} has to be written as [[{key}]] tables")
        return value

    def marks(self, key: str) -> float:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1000:
            raise ProblemError(f"{self.where}: {key!r} has to be a positive number, here is {value!r}")
        return value

    def by_name(self, key: str) -> dict[str, str]:
        value = self.data.get(key, {})
        known = (str, int, float)
        if not isinstance(value, dict) or not all(isinstance(one, known) for one in value.values()):
            raise ProblemError(
                f"{self.where}: {key!r} has to be a table of names and numbers, here is {value!r}"
            )
        return {name: str(one) for name, one in value.items()}

    def rational(self, name: str, value: str) -> Fraction:
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError) as error:
            raise ProblemError(f"{self.where}: {name} has to be a number, here is {value!r}") from error

    def by_line(self, key: str, text: str) -> dict[int, str]:
        value = self.data.get(key, {})
        count = len(text.splitlines())
        if not isinstance(value, dict):
            raise ProblemError(
                f'{self.where}: {key!r} has to be a table of line numbers, as in {{3 = "wrong"}}'
            )
        for line, said in value.items():
            if not line.isdigit() or not 1 <= int(line) <= count or not isinstance(said, str):
                raise ProblemError(
                    f"{self.where}: {key!r} says {line} = {said!r}; the text has lines 1 to {count}"
                )
        return {int(line): said for line, said in value.items()}
