"""Write docs/reading.md from the conformance table of the reader: ``python docs/make_reading.py``.

The rows stand in tests/reading/data/conformance.toml; tests/reading/test_conformance.py checks every one of
them, and that the page is up to date.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "reading" / "data" / "conformance.toml"
PAGE = ROOT / "docs" / "reading.md"

HEAD = """# What the reader reads

Each row shows what is written and how `derive` reads it, in its canonical LaTeX (without `\\left` and
`\\right`, which it prints too). The right column was written by hand from the left one and is checked by
the tests, as is that reading the canonical form again gives the same trees. This page is made from
`tests/reading/data/conformance.toml` by `python docs/make_reading.py`.

Several statements stand on lines of their own. *condition:* and *given:* mark what restricts or supposes
and is no claim. `<...>` is a side that is not read, with the reason: nothing is ever guessed, and never
a part read for the whole. *or* gives the other readings of what remains ambiguous: such a line is judged
only if all readings agree. *with* names a declaration that settles a reading.
"""


def page(table: dict[str, Any]) -> str:
    """The whole page as Markdown."""
    rows = [row for section in table["section"] for row in section["rows"]]
    failing = sum("fails" in options(row) for row in rows)
    parts = [HEAD, f"\n{len(rows)} rows, {failing or 'none'} of them known to fail.\n"]
    for section in table["section"]:
        parts.append(f"\n## {section['title']}\n")
        if "note" in section:
            parts.append(f"\n{section['note']}\n")
        parts.append("\n| written | read as |\n| --- | --- |\n")
        parts.extend(_line(row) for row in section["rows"])
    return "".join(parts)


def options(row: list[Any]) -> dict[str, Any]:
    """What a row says besides its source and its reading."""
    return row[3] if len(row) > 3 else {}


def readings(row: list[Any]) -> list[str]:
    """The statements that a row's source holds."""
    return [row[2]] if isinstance(row[2], str) else row[2]


def _line(row: list[Any]) -> str:
    more = options(row)
    written = _code(row[1])
    if "declare" in more:
        written += " *with* " + ", ".join(_code(line) for line in more["declare"])
    read = "<br>".join(_statement(statement) for statement in readings(row))
    for other in more.get("or", []):
        read += f"<br>*or* {_code(other)}"
    if "fails" in more:
        read += f"<br>**not yet**: {more['fails']}"
    return f"| {written} | {read} |\n"


def _statement(statement: str) -> str:
    for role in ("condition: ", "given: "):
        if statement.startswith(role):
            return f"*{role.strip()}* {_code(statement[len(role) :])}"
    return _code(statement)


def _code(text: str) -> str:
    return f"`{text.strip()}`".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(tomllib.loads(TABLE.read_text())))
