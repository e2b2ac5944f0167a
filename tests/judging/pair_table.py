"""The table of pairs: read from ``pairs.txt``, judged, and printed as ``docs/judging.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from derive.judging import Claim, compare

SOURCE = Path(__file__).with_name("pairs.txt")
PAGE = Path(__file__).parents[2] / "docs" / "judging.md"
RELATIONS = ("~=", ">=", "<=", "!=", ">", "<")


@dataclass(frozen=True)
class Pair:
    """One row: what is compared, and the verdict that mathematics gives it."""

    heading: str
    verdict: str
    convention: str | None
    left: str
    relation: str
    right: str
    declare: tuple[str, ...]
    in_force: tuple[tuple[str, str], ...]
    known_failure: str

    @property
    def title(self) -> str:
        """What a test calls it."""
        more = "; ".join((*self.declare, *(f"{k}={v}" for k, v in self.in_force)))
        return f"{self.left} {self.relation} {self.right}" + (f" [{more}]" if more else "")

    def judge(self) -> Claim:
        """What the program says."""
        return compare(self.left, self.right, self.declare, dict(self.in_force), self.relation)


def pairs() -> list[Pair]:
    """Every row of the table."""
    rows, heading, started = [], "Identities of course work", False
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ") if started else heading
            continue
        if line.strip():
            started = True
            rows.append(_pair(heading, [part.strip() for part in line.split(" | ")]))
    return rows


def _pair(heading: str, parts: list[str]) -> Pair:
    said, left, right, *declared = parts
    said, _, failure = said.partition(" ! ")
    verdict, _, convention = said.partition(" convention:")
    relation = next((sign for sign in RELATIONS if right.startswith(sign + " ")), "=")
    right = right.removeprefix(relation).strip() if relation != "=" else right
    lines = [line.strip() for text in declared for line in text.split(";")]
    settings = [line.removeprefix("set:").split("=") for line in lines if line.startswith("set:")]
    return Pair(
        heading, verdict, convention or None, left, relation, right,
        tuple(line for line in lines if not line.startswith("set:")),
        tuple((key, value) for key, value in settings), failure,
    )  # fmt: skip


def page() -> str:
    """The table as a page: what is compared, under what, the verdict, and how it is reached."""
    lines = [
        "# What the judge says",
        "",
        "Each row is a test. The verdicts were written by hand before the program was run; the last column",
        "is how the program reaches its own. Made from `tests/judging/pairs.txt` by",
        "`python tests/judging/pair_table.py`.",
    ]
    heading = None
    for pair in pairs():
        if pair.heading != heading:
            heading = pair.heading
            lines += [
                "",
                f"## {heading}",
                "",
                "| left | | right | given | verdict | how |",
                "|---|---|---|---|---|---|",
            ]
        claim = pair.judge()
        how = pair.known_failure and f"**known failure**: {pair.known_failure}"
        how = how or (f"convention {claim.convention}" if claim.convention else claim.evidence)
        given = "; ".join((*pair.declare, *(f"{k}={v}" for k, v in pair.in_force)))
        cells = [pair.left, pair.relation, pair.right, given]
        shown = " | ".join(f"`{c}`".replace("|", "\\|") if c else "" for c in cells)
        lines.append(f"| {shown} | {pair.verdict} | {how} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
