"""What checking a whole document gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from derive.judging import VERDICTS, Claim

#: Notes on a wrong claim that do not make it the first wrong line.
EXCUSED = ("convention", "misread")


@dataclass(frozen=True)
class Report:
    """The claims of a document in order, with what follows from them.

    ``marks`` is None unless the document answers a problem that awards marks.
    """

    source: str
    claims: tuple[Claim, ...]
    problem: str | None = None
    marks: dict[str, Any] | None = None

    @property
    def first_wrong(self) -> int | None:
        """The line of the first claim that is wrong without an excuse."""
        return next((c.line for c in self.claims if c.wrong and c.note not in EXCUSED), None)

    @property
    def summary(self) -> dict[str, int]:
        """How many claims got each verdict."""
        counts = Counter(c.verdict for c in self.claims)
        return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON output of ``derive check``."""
        return {
            "source": self.source,
            "problem": self.problem,
            "claims": [claim.to_dict() for claim in self.claims],
            "first_wrong": self.first_wrong,
            "marks": self.marks,
            "summary": self.summary,
        }
