"""Worked solutions in the hands of many writers; ``scripts/`` holds them with the verdict of each line.

A line may end in ``%: right`` (something on it is judged, and all of it right), ``%: wrong`` (something on it
is refuted), ``%: follows`` (right from an earlier wrong value) or ``%: open`` (left open, perhaps, but not
refuted). A line without a mark is neither refuted nor left open. The marks were decided by hand beforehand.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derive.marking import check

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.md"))
MARK = re.compile(r"[ \t]*%: (right|wrong|follows|open)$")
RIGHT = {"correct", "rounded", "definition"}


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_every_line_gets_its_verdict(path: Path) -> None:
    written = path.read_text(encoding="utf-8").splitlines()
    marks = {number: mark[1] for number, line in enumerate(written, 1) if (mark := MARK.search(line))}
    claims = check("\n".join(MARK.sub("", line) for line in written)).claims
    slips = [number for number, mark in marks.items() if mark == "wrong"]
    for number, line in enumerate(written, 1):
        found = [claim for claim in claims if claim.line == number]
        said = {claim.verdict for claim in found}
        shown = f"line {number}, {line}: {[(c.verdict, c.left, c.right, c.message) for c in found]}"
        carried = {"follows"} if any(slip < number for slip in slips) else set()
        match marks.get(number):
            case "right":
                assert said & {"correct", "rounded"}, shown
                assert said <= RIGHT, shown
            case "wrong":
                assert "wrong" in said, shown
            case "follows":
                assert "follows" in said, shown
                assert "wrong" not in said, shown
            case "open":
                assert "wrong" not in said, shown
            case _:
                assert said <= RIGHT | carried, shown
