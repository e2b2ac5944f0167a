"""Where in a text the delimited mathematics stands: between dollar signs, in brackets and environments.

Markdown-it gives line numbers for blocks but no columns for what is inside them, and OCR breaks its block
rules (``$$`` glued to prose, ``~~$$...$$~~``, four leading blanks that are no code): so the delimiters are
found here, by one scan that never goes back. Every search that fails is remembered, so hostile text costs
linear time. What stands on a line without delimiters is :mod:`derive.reading.bare`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

_ENVIRONMENT = re.compile(
    r"\\begin\{(equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign|IEEEeqnarray)(\*?)\}"
)
_VERBATIM = re.compile(r"\\begin\{(verbatim|lstlisting|minted|comment|tikzpicture)\*?\}")
_VERB = re.compile(r"\\verb\*?([^A-Za-z\s*])[^\n]*?\1")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\{?[\w.+-]*)[^\n]*\n")
# Braces with braces in them, two deep: enough for words, and quick to fail.
_BRACED = re.compile(r"\{(?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]*\})*\})*\}", re.DOTALL)
_STRIKE = re.compile(r"\\(?:(sout|st)|[bx]?cancel)\s*\{")
_WORDS = re.compile(r"\\(?:text\w*|mbox|hbox|mathrm|textsuperscript)\s*\{")
_LONE_CLOSE = re.compile(r"^[ \t]*\\?\][ \t.,;]*$", re.MULTILINE)
_PLAIN_FENCES = frozenset(["", "text", "txt", "plain", "math", "latex", "tex"])


@dataclass(frozen=True)
class MathPiece:
    """A half-open stretch of the text that is mathematics, without its delimiters (``outer`` has them)."""

    start: int
    end: int
    outer: tuple[int, int]
    display: bool
    struck: bool = False
    plain: bool = False
    broken: str = ""


def find_pieces(
    text: str, latex: bool = False
) -> tuple[list[MathPiece], list[tuple[int, int]], list[tuple[int, int]]]:
    """Every delimited piece in order; where nothing is looked for (code, verbatim); where text is struck out.

    >>> pieces, _, struck = find_pieces("Let $x = 1$. Then\\n$$y = 2$$ ~~or $z$~~")
    >>> [(piece.start, piece.end, piece.display, piece.struck) for piece in pieces], struck
    ([(5, 10, False, False), (20, 25, True, False), (34, 35, False, True)], [(28, 38)])
    """
    scan = _Scan(text, latex)
    scan.run()
    struck = sorted([*scan.struck, *([] if latex else struck_ranges(text))])
    pieces = [
        piece if not _inside(piece.start, struck) else replace(piece, struck=True) for piece in scan.pieces
    ]
    return pieces, scan.skipped, struck


def struck_ranges(text: str) -> list[tuple[int, int]]:
    """``~~...~~`` that stays within a paragraph."""
    found = []
    at = text.find("~~")
    while at >= 0:
        close = text.find("~~", at + 2)
        if close < 0:
            break
        if "\n\n" in text[at:close] or close == at + 2:
            at = close
            continue
        found.append((at, close + 2))
        at = text.find("~~", close + 2)
    return found


def _inside(offset: int, ranges: list[tuple[int, int]]) -> bool:
    place = bisect_right(ranges, (offset, 1 << 60)) - 1
    return place >= 0 and ranges[place][0] <= offset < ranges[place][1]


class _Scan:
    def __init__(self, text: str, latex: bool) -> None:
        self.text, self.latex = text, latex
        self.pieces: list[MathPiece] = []
        self.skipped: list[tuple[int, int]] = []
        self.struck: list[tuple[int, int]] = []
        self.no_close_before = 0  # no line ] before this place
        self.absent: set[str] = set()  # closing signs that do not occur any more

    def find(self, sign: str, start: int) -> int:
        if sign in self.absent:
            return -1
        at = self.text.find(sign, start)
        if at < 0:
            self.absent.add(sign)
        return at

    def run(self) -> None:
        marks = re.compile(r"\\.|\$\$?|^[ \t]*(?:`{3,}|~{3,}|\[[ \t]*$)|`", re.MULTILINE | re.DOTALL)
        at = 0
        while (match := marks.search(self.text, at)) is not None:
            at = self.handle(match)

    def handle(self, match: re.Match[str]) -> int:
        mark, start, after = match.group(), match.start(), match.end()
        if mark in ("\\[", "\\("):
            return self.delimited(start, after, "\\]" if mark == "\\[" else "\\)", mark == "\\[")
        if mark == "\\b":
            return self.environment(start, after)
        if mark == "\\\\" and not self.latex and self.text[after : after + 1] in ("(", "["):
            return self.doubled(start, after + 1)
        if mark in ("\\s", "\\c", "\\x") and (strike := _STRIKE.match(self.text, start)) is not None:
            return self.strike(strike)
        if mark == "\\v" and (verb := _VERB.match(self.text, start)) is not None:
            self.skipped.append(verb.span())
            return verb.end()
        if mark.startswith("\\"):
            return after
        if mark == "$$":
            return self.delimited(start, after, "$$", True)
        if mark == "$":
            return self.inline(start, after)
        if self.latex:
            return after
        if mark.endswith("["):
            return self.lone_bracket(start, after)
        if mark.strip().startswith(("```", "~~~")):
            return self.fence(start, after)
        close = self.text.find("`", after)
        newline = self.text.find("\n", after)
        if close < 0 or (0 <= newline < close):
            return after
        self.skipped.append((start, close + 1))
        return close + 1

    def strike(self, strike: re.Match[str]) -> int:
        """``\\sout{so $r = 2$}``, ``\\cancel{$q$}``: words with mathematics in them, crossed out."""
        braced = _BRACED.match(self.text, strike.end() - 1, strike.end() + 600)
        if braced is not None and (strike.group(1) or "$" in braced.group() or "\\(" in braced.group()):
            self.struck.append((strike.start(), braced.end()))
        return strike.end()

    def doubled(self, start: int, after: int) -> int:
        """``\\\\( ... \\\\)``: the backslash doubled for Markdown."""
        display = self.text[after - 1] == "["
        closer = "\\\\]" if display else "\\\\)"
        close = self.find(closer, after)
        body = self.text[after:close] if 0 <= close < after + 9_000 else ""
        if not body.strip() or ("\n\n" if display else "\n") in body:
            return after
        self.pieces.append(MathPiece(after, close, (start, close + 3), display))
        return close + 3

    def lone_bracket(self, start: int, after: int) -> int:
        """A line ``[`` and a line ``]`` about LaTeX: what is left of ``\\[`` when a chat is copied."""
        if after < self.no_close_before:
            return after
        close = _LONE_CLOSE.search(self.text, after, after + 3_000)
        if close is None:
            self.no_close_before = after + 3_000
        body = self.text[after : close.start()].strip() if close is not None else ""
        if close is None or "\n\n" in body or not re.search(r"\\[A-Za-z]|=", body):
            return after
        self.pieces.append(MathPiece(after, close.start(), (start, close.end()), True))
        return close.end()

    def delimited(self, start: int, after: int, closer: str, display: bool) -> int:
        close = self.find(closer, after)
        if close < 0:
            blank = re.compile(r"\n[ \t]*\n").search(self.text, after, after + 9_000)
            end = blank.start() if blank else min(len(self.text), after + 9_000)
            self.pieces.append(MathPiece(after, end, (start, end), display, broken=f"no closing {closer}"))
            return end
        if self.text[after:close].strip():
            self.pieces.append(MathPiece(after, close, (start, close + len(closer)), display))
        return close + len(closer)

    def inline(self, start: int, after: int) -> int:
        close = self.text.find("$", after, after + 9_000)
        tried = 0
        while close > 0 and (self.text[close - 1] == "\\" or (tried < 4 and self.in_words(after, close))):
            close, tried = self.text.find("$", close + 1, after + 9_000), tried + 1
        if close < 0:
            return after
        body = self.text[after:close]
        following = self.text[close + 1 : close + 2]
        spaced = body[:1].isspace() or body[-1:].isspace()
        money = following.isdigit() or (spaced and not re.search(r"[=\\^_<>+]", body))
        if not body.strip() or re.search(r"\n[ \t]*\n", body) or money:
            return after
        if body[0] == "`" == body[-1]:  # GitLab and GitHub: $`a = 1`$
            self.pieces.append(MathPiece(after + 1, close - 1, (start, close + 1), False))
        else:
            self.pieces.append(MathPiece(after, close, (start, close + 1), False))
        return close + 1

    def in_words(self, after: int, place: int) -> bool:
        """Whether a place is inside the braces of a ``\\text{...}`` that began in the formula."""
        opened = self.text.rfind("\\", after, place)
        words = _WORDS.match(self.text, opened, place) if opened >= 0 else None
        if words is None:
            return False
        braced = _BRACED.match(self.text, words.end() - 1, words.end() + 300)
        return braced is not None and braced.end() > place

    def environment(self, start: int, after: int) -> int:
        verbatim = _VERBATIM.match(self.text, start)
        if verbatim:
            close = self.find(f"\\end{{{verbatim.group(1)}", verbatim.end())
            end = verbatim.end() if close < 0 else close  # what is not closed hides nothing
            self.skipped.append((start, end))
            return end
        begun = _ENVIRONMENT.match(self.text, start)
        if not begun:
            return after
        closer = f"\\end{{{begun.group(1)}{begun.group(2)}}}"
        close = self.find(closer, begun.end())
        if close < 0:
            return begun.end()
        end = close + len(closer)
        self.pieces.append(MathPiece(start, end, (start, end), True))
        return end

    def fence(self, start: int, after: int) -> int:
        opened = _FENCE.match(self.text, start)
        if opened is None:
            return after
        closing = re.compile(rf"^[ \t]*{re.escape(opened.group(1))}[`~]*[ \t]*$", re.MULTILINE)
        close = closing.search(self.text, opened.end())
        end = close.start() if close else len(self.text)
        language = opened.group(2).lower().lstrip("{.")
        if language in ("math", "latex", "tex"):
            self.pieces.append(MathPiece(opened.end(), end, (start, close.end() if close else end), True))
        elif language not in _PLAIN_FENCES:
            self.skipped.append((start, close.end() if close else end))
        else:
            self.skipped.append((start, opened.end()))
            if close:
                self.skipped.append((close.start(), close.end()))
            return opened.end()
        return close.end() if close else end
