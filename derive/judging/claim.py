"""A claim and its verdict: the record that ``derive check`` and ``derive compare`` print."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["correct", "rounded", "follows", "definition", "wrong", "undecided", "unread"]
Evidence = Literal["exact", "proved", "sampled", "interval", "witness", "none"]

#: The order in which a summary names the verdicts.
VERDICTS: tuple[Verdict, ...] = (
    "correct",
    "rounded",
    "follows",
    "definition",
    "wrong",
    "undecided",
    "unread",
)


@dataclass(frozen=True)
class Claim:
    """One link of a chain with its verdict, or one piece that could not be read.

    ``left``, ``right``, ``expected`` are LaTeX or None; ``line`` and ``column`` (1-based) are where the
    right side
    starts, None for a claim that does not come from a file. ``witness`` is a place where the sides differ:
    ``{"at": {name: value}, "left": v, "right": v, "entry": [row, column] or None}``.
    ``convention`` (with the note of that name) is the convention under which a wrong claim would be right, as
    ``--convention`` takes it. ``proof`` are the steps of a ``proved`` claim: ``rule``, ``before``, ``after``.
    """

    verdict: Verdict
    evidence: Evidence = "none"
    message: str = ""
    left: str | None = None
    relation: str | None = None
    right: str | None = None
    line: int | None = None
    column: int | None = None
    note: str | None = None
    expected: str | None = None
    witness: dict[str, Any] | None = None
    assumed: tuple[str, ...] = ()
    convention: str | None = None
    proof: tuple[dict[str, str], ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether the claim was refuted, with a witness."""
        return self.verdict == "wrong"

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON output, in its order.

        >>> Claim("correct", "exact", left="1", relation="=", right="1").to_dict()["verdict"]
        'correct'
        """
        record = asdict(self)
        order = ("line", "column", "left", "relation", "right", "verdict", "evidence", "note", "message")
        result = {key: record[key] for key in (*order, "expected", "witness")}
        result["assumed"] = list(self.assumed)
        result["convention"] = self.convention
        result["proof"] = list(self.proof)
        return result
