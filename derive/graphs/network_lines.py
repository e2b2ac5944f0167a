"""The lines of a network's text as a tree by their indentation."""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.graphs.network import NetworkError


@dataclass
class Statement:
    """A line, with the lines that are indented under it."""

    text: str
    line: int
    indent: int
    body: list[Statement] = field(default_factory=list)


def statements(text: str, numbered: bool = True) -> list[Statement]:
    """The lines as a tree by their indentation; a line goes on while a bracket is open or an arrow hangs."""
    lines: list[Statement] = []
    open_brackets, joined = 0, None
    for number, raw in enumerate(text.splitlines(), 1):
        bare = _without_comment(raw).expandtabs(4).rstrip()
        if not bare.strip():
            continue
        goes_on = joined is not None and (
            open_brackets > 0 or joined.text.endswith(("->", "→")) or bare.lstrip().startswith(("->", "→"))
        )
        if goes_on and joined is not None:
            joined.text += " " + bare.strip()
        else:
            if open_brackets > 0 and joined is not None:
                raise NetworkError(f"line {joined.line}: a bracket is never closed in {joined.text!r}")
            joined = Statement(bare.strip(), number if numbered else 0, len(bare) - len(bare.lstrip()))
            lines.append(joined)
            open_brackets = 0
        open_brackets += sum(bare.count(one) for one in "([") - sum(bare.count(one) for one in ")]")
    if open_brackets > 0 and joined is not None:
        raise NetworkError(f"line {joined.line}: a bracket is never closed in {joined.text[:80]!r}")
    top: list[Statement] = []
    stack: list[Statement] = []
    for line in lines:
        while stack and line.indent <= stack[-1].indent:
            stack.pop()
        above = stack[-1].body if stack else top
        if stack and not stack[-1].text.endswith(":"):
            raise NetworkError(
                f"line {line.line}: is indented, and line {stack[-1].line} opens nothing: "
                "only def, repeat, for, if and else do"
            )
        if above and line.indent != above[0].indent:
            raise NetworkError(
                f"line {line.line}: is indented by {line.indent}, others here by {above[0].indent}"
            )
        above.append(line)
        stack.append(line)
    return top


def _without_comment(line: str) -> str:
    """The line up to a ``#`` that stands in no quotes."""
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#":
            return line[:at]
    return line
