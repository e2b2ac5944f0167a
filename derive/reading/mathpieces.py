"""Where in a text the mathematics stands: between delimiters, in environments, on bare lines.

Markdown-it gives line numbers for blocks but no columns for what is inside them, and OCR breaks its block
rules
(``$$`` glued to prose, ``~~$$...$$~~``, four leading blanks that are no code): so the delimiters are found
here,
by one scan that never goes back. Every search that fails is remembered, so hostile text costs linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from derive.reading import symbols

_ENVIRONMENT = re.compile(
    r"\\begin\{(equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign|IEEEeqnarray)(\*?)\}"
)
_VERBATIM = re.compile(r"\\begin\{(verbatim|lstlisting|minted|comment|tikzpicture)\*?\}")
_VERB = re.compile(r"\\verb\*?([^A-Za-z\s*])[^\n]*?\1")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n")
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


def find_pieces(text: str, latex: bool = False) -> tuple[list[MathPiece], list[tuple[int, int]]]:
    """Every delimited piece in order, and the stretches (code, verbatim) in which nothing is looked for.

    >>> pieces, _ = find_pieces("Let $x = 1$. Then\\n$$y = 2$$")
    >>> [(piece.start, piece.end, piece.display) for piece in pieces]
    [(5, 10, False), (20, 25, True)]
    """
    scan = _Scan(text, latex)
    scan.run()
    struck = [] if latex else struck_ranges(text)
    pieces = [
        piece
        if not _inside(piece.start, struck)
        else MathPiece(piece.start, piece.end, piece.outer, piece.display, True, piece.plain, piece.broken)
        for piece in scan.pieces
    ]
    return pieces, scan.skipped


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
    from bisect import bisect_right

    place = bisect_right(ranges, (offset, 1 << 60)) - 1
    return place >= 0 and ranges[place][0] <= offset < ranges[place][1]


class _Scan:
    def __init__(self, text: str, latex: bool) -> None:
        self.text, self.latex = text, latex
        self.pieces: list[MathPiece] = []
        self.skipped: list[tuple[int, int]] = []
        self.absent: set[str] = set()  # closing signs that do not occur any more

    def find(self, sign: str, start: int) -> int:
        if sign in self.absent:
            return -1
        at = self.text.find(sign, start)
        if at < 0:
            self.absent.add(sign)
        return at

    def run(self) -> None:
        marks = re.compile(r"\\.|\$\$?|^[ \t]*(?:`{3,}|~{3,})|`", re.MULTILINE | re.DOTALL)
        at = 0
        while (match := marks.search(self.text, at)) is not None:
            at = self.handle(match)

    def handle(self, match: re.Match[str]) -> int:
        mark, start, after = match.group(), match.start(), match.end()
        if mark in ("\\[", "\\("):
            return self.delimited(start, after, "\\]" if mark == "\\[" else "\\)", mark == "\\[")
        if mark == "\\b":
            return self.environment(start, after)
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
        if mark.strip().startswith(("```", "~~~")):
            return self.fence(start, after)
        close = self.text.find("`", after)
        newline = self.text.find("\n", after)
        if close < 0 or (0 <= newline < close):
            return after
        self.skipped.append((start, close + 1))
        return close + 1

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
        while close > 0 and self.text[close - 1] == "\\":
            close = self.text.find("$", close + 1, after + 9_000)
        if close < 0:
            return after
        body = self.text[after:close]
        following = self.text[close + 1 : close + 2]
        spaced = body[:1].isspace() or body[-1:].isspace()
        money = following.isdigit() or (spaced and not re.search(r"[=\\^_<>+]", body))
        if not body.strip() or re.search(r"\n[ \t]*\n", body) or money:
            return after
        self.pieces.append(MathPiece(after, close, (start, close + 1), False))
        return close + 1

    def environment(self, start: int, after: int) -> int:
        verbatim = _VERBATIM.match(self.text, start)
        if verbatim:
            close = self.find(f"\\end{{{verbatim.group(1)}", verbatim.end())
            end = len(self.text) if close < 0 else close
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
        language = opened.group(2).lower()
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


# ---- mathematics on a line without delimiters
_RELATION = re.compile(
    r"=|≈|≤|≥|≠|≡|→|⇒|←|<|>|\\(?:approx|Rightarrow|rightarrow|implies|leq?|geq?|neq?|equiv|sim|propto|leftarrow|to)\b"
)
_EQUATION = re.compile(r"=|≈|\\approx\b|≤|≥|\\leq?\b|\\geq?\b")
_WORD = re.compile(r"(?<![\\A-Za-zÀ-ɏ_])[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’]+(?![A-Za-zÀ-ɏ_\\]|\()")
_SKIP = re.compile(
    r"^\s*(?:\||\\(?:includegraphics|begin|end|caption|usepackage|documentclass|input|title)\b|"
    r"<[A-Za-z!/]|!\[|\[[^\]]*\]\(|https?:|import\b|from\b|def\b|return\b|print\b|for .*:\s*$)|://|</\w"
)


def is_prose(word: str) -> bool:
    """Whether letters outside mathematics are a word of the language."""
    if (
        word in symbols.FUNCTION_WORDS
        or word in symbols.NAME_WORDS
        or word in symbols.BIG_WORDS
        or word in symbols.GREEK
    ):
        return False
    return (
        len(word) > 2
        or word.lower() in symbols.STOP_WORDS
        or word.lower() in ("so", "do", "he", "my", "up", "no")
    )


def bare_segments(line: str) -> list[tuple[int, int]]:
    """The stretches of a line outside all delimiters that are clearly mathematics.

    A line without a word of prose is one stretch if it has a relation; between words only equations count.

    >>> [("= 4i - (-9) = 4i + 9"[a:b]) for a, b in bare_segments("= 4i - (-9) = 4i + 9")]
    ['= 4i - (-9) = 4i + 9']
    >>> line = "next c_t = f_t * c + i_t memory"
    >>> [line[a:b] for a, b in bare_segments(line)]
    ['c_t = f_t * c + i_t']
    """
    if _SKIP.search(line) or not _RELATION.search(line):
        return []
    words = [match for match in _WORD.finditer(line) if is_prose(match.group()) and not _operand(line, match)]
    edges = [0, *(edge for match in words for edge in match.span()), len(line)]
    made = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        segment = _trimmed(line, start, end)
        if segment is None:
            continue
        body = line[segment[0] : segment[1]]
        if not words:
            if re.search(r"[A-Za-z0-9]", body) and _RELATION.search(body):
                made.append(segment)
        elif _solid(body) or (_after_condition(line, start) and _RELATION.search(body)):
            made.append(segment)
    return made


def _after_condition(line: str, start: int) -> bool:
    """``... if x > 0``: behind such a word an inequality counts too."""
    words = line[max(0, start - 40) : start].split()
    return bool(words) and words[-1].lower() in symbols.CONDITION_WORDS


def _operand(line: str, match: re.Match[str]) -> bool:
    """Whether a word is part of the mathematics: an operator or a relation stands directly beside it."""
    before = line[max(0, match.start() - 60) : match.start()]
    after = line[match.end() : match.end() + 60]
    if before[-1:] in ("-", "/") and before[-2:-1].isalnum():
        return not before[-2:-1].isalpha()
    left, right = before.rstrip()[-1:], after.lstrip()[:1]
    dash_left = left == "-" and before[-1:] == " "
    dash_right = right == "-" and after[:1] == " "
    return (left in set("+-*/^_=×·") - {""} and not dash_left) or (
        right in set("+-*/^_=×·") - {""} and not dash_right
    )


def _trimmed(line: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and line[start] in " \t.,;:!?|>#\"'”“*-—–":
        if line[start] == "-" and line[start + 1 : start + 2].isalnum():
            break
        start += 1
    while start < end and line[end - 1] in " \t.,;:!?|#\"'”“*-—–":
        end -= 1
    return (start, end) if start < end else None


def _solid(body: str) -> bool:
    """Between words: an equation with something mathematical on both sides (or one that continues a line)."""
    match = _EQUATION.search(body)
    if match is None:
        return False
    left, right = body[: match.start()].strip(), body[match.end() :].strip()
    mathematical = re.compile(r"[0-9\\^_+*/\ue000]|(?<![^\W\d_])[^\W\d_](?![^\W\d_])")
    single = re.fullmatch(r"[^\W\d_]", left) is not None
    return bool(mathematical.search(right)) and (single or bool(mathematical.search(left)))
