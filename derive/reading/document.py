"""A document in Markdown, LaTeX or plain text to its statements in order, with their lines and columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from derive.reading import symbols
from derive.reading.declarations import Declarations
from derive.reading.mathpieces import MathPiece, bare_segments, find_pieces, struck_ranges
from derive.reading.statement import Document, Place, Role, Side, Statement
from derive.reading.statements import Locate, defined_function, locator, read_statements
from derive.reading.tree import Hole, Name

_HEADING = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+(?P<markdown>.*)"
    r"|\\(?:sub)*(?:section|paragraph|part|question|problem|exercise)\*?\{(?P<latex>[^}]*)\})"
)
_LABEL = re.compile(
    r"[ \t>]*(?:[-*+•][ \t]+)?(?:\*\*|__)?[ \t]*"
    r"(?:\\item[ \t]*(?:\[(?P<item>[^\]]*)\])?"
    r"|(?P<label>\((?:[a-z]|[ivx]{1,4}|\d{1,2})\)|(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)](?=\s|$)"
    r"|(?:[Pp]art|[Pp]roblem|[Qq]uestion|[Ee]xercise|Q)[ \t]*\(?(?:\d{1,2}|[a-z])\)?(?:\.\d+)?[.:)]?))?"
    r"(?:\*\*|__)?[ \t]*"
)
_PROBLEM = re.compile(r"^\W*problem\s*[:=]\s*[\"'`]?([A-Za-z0-9][\w./-]*)", re.IGNORECASE | re.MULTILINE)
_ROLE_WORDS = re.compile(r"([A-Za-z.]+)[\s:,]*([A-Za-z.]*)[\s:,]*$")


#: Words before a formula that begins with ``=`` which do not name what is computed.
_LEADING_WORDS = symbols.words(
    "which again finally first second next simplifies simplified becomes become yields giving still or than "
    "it he she they can be just simply exactly about approximately roughly indeed clearly obviously hence "
    "here there too both sides side terms step part rewritten factor factored expanded follows result"
)


@dataclass
class _State:
    """What is in force while a document is read from top to bottom."""

    label: str = ""
    standing_label: str | None = None  # the label to go back to after this line
    prose_since: int = 0  # lines of prose since the last statement
    gap: int = 0  # lines since the last statement from which nothing was read
    previous: Statement | None = None
    standing: Statement | None = None  # the last one that is not crossed out
    statements: list[Statement] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    start: int
    end: int


def read_document(text: str, name: str = "<text>", declarations: Declarations | None = None) -> Document:
    """Read a document. ``name`` is its source: ``.tex`` is read as LaTeX, anything else as Markdown.

    >>> document = read_document("We get $a = 1$\\n\\n$$= 2$$")
    >>> [(s.place.line, s.place.column, s.continues) for s in document.statements]
    [(1, 9, False), (3, 5, True)]
    """
    declarations = declarations or Declarations()
    reader = _Reader(text, name, declarations)
    statements = reader.run(frozenset())
    functions = frozenset(filter(None, map(defined_function, statements)))
    functions = frozenset(letter for letter in functions if letter not in declarations)
    if functions:
        statements = reader.run(functions)
    notes = tuple(
        f"{letter} is a function: the document defines {letter}(...)" for letter in sorted(functions)
    )
    found = _PROBLEM.search(text[:2_000])
    return Document(text, name, tuple(statements), found.group(1) if found else None, notes)


class _Reader:
    def __init__(self, text: str, name: str, declarations: Declarations) -> None:
        self.text, self.declarations = text, declarations
        self.latex = name.endswith((".tex", ".latex", ".ltx")) or "\\begin{document}" in text
        self.body = _without_comments(text) if self.latex else _without_quote_marks(text)
        self.locate: Locate = locator(text)
        self.pieces, self.skipped = find_pieces(self.body, self.latex)
        self.struck = [] if self.latex else struck_ranges(self.body)
        self.lines = self._lines()

    def _lines(self) -> list[_Line]:
        made, at = [], 0
        for line in self.body.splitlines(keepends=True):
            made.append(_Line(at, at + len(line.rstrip("\r\n"))))
            at += len(line)
        return made

    def run(self, functions: frozenset[str]) -> list[Statement]:
        """All statements, from top to bottom."""
        state = _State()
        pieces = iter(self.pieces)
        piece = next(pieces, None)
        skipped = iter(self.skipped)
        skip = next(skipped, None)
        for line in self.lines:
            while skip is not None and skip[1] <= line.start:
                skip = next(skipped, None)
            inside = []
            while piece is not None and piece.start <= line.end:
                inside.append(piece)
                piece = next(pieces, None)
            hidden = [skip] if skip is not None and skip[0] <= line.end else []
            self._line(line, inside, hidden, state, functions)
        return state.statements

    def _line(
        self,
        line: _Line,
        pieces: list[MathPiece],
        hidden: list[tuple[int, int]],
        state: _State,
        functions: frozenset[str],
    ) -> None:
        covered = (
            [piece.outer for piece in self._open_before(line)] + [piece.outer for piece in pieces] + hidden
        )
        rest = _blank(self.body, line, covered)
        heading = _HEADING.match(rest)
        if heading:
            title = (heading.group("markdown") or heading.group("latex") or "").strip(" #*")
            state.label, state.previous, state.standing, state.prose_since = title[:60], None, None, 0
        label = None if heading else _LABEL.match(rest)
        offset = 0
        bulleted = bool(re.match(r"[ \t>]*[-*+•][ \t]", rest))
        state.label = state.standing_label if state.standing_label is not None else state.label
        state.standing_label = None
        if label and (label.group("label") or label.group("item")):
            state.standing_label = (
                state.label if bulleted else None
            )  # a bullet's own number ends with its line
            state.label = (label.group("label") or label.group("item")).strip()
        if label and label.end() and not re.search(r"\w", re.sub(r"\\item\b", "", _unlabelled(label))):
            offset = label.end()
        remainder = rest[offset:]
        if not heading and not self.latex and self._joined(line, offset, remainder, pieces, state, functions):
            return
        if not pieces and not heading and not self.latex:
            found = self._bare(line, offset, remainder, covered, state, functions)
            if not found and remainder.strip():
                state.gap += 1
                state.prose_since += bool(re.search(r"[A-Za-z]{2}", remainder))
        at = line.start
        for piece in pieces:
            before = self.body[line.start : piece.outer[0]]
            self._piece(piece, _prose(before), self.body[at : piece.outer[0]], state, functions)
            at = piece.outer[1]
        if pieces and len(re.findall(r"[A-Za-z]{2,}", remainder)) > 3:
            state.prose_since += 1

    def _open_before(self, line: _Line) -> list[MathPiece]:
        """The piece that began on an earlier line and reaches into this one."""
        from bisect import bisect_left

        starts = self._starts()
        place = bisect_left(starts, line.start) - 1
        found = self.pieces[place] if place >= 0 else None
        return [found] if found is not None and found.outer[1] > line.start else []

    def _starts(self) -> list[int]:
        if not hasattr(self, "_cached_starts"):
            self._cached_starts = [piece.outer[0] for piece in self.pieces]
        return self._cached_starts

    def _joined(
        self,
        line: _Line,
        offset: int,
        remainder: str,
        pieces: list[MathPiece],
        state: _State,
        functions: frozenset[str],
    ) -> bool:
        """``= $2x$ + 1``: delimiters that enclose only a part of a line's mathematics: one piece."""
        if not pieces or any(piece.display or piece.struck or piece.outer[1] > line.end for piece in pieces):
            return False
        if any(low < line.end and high > line.start for low, high in self.struck):
            return False
        outside = remainder.strip()
        if not re.search(r"[=≈<>+*/≤≥→⇒×]|\\[A-Za-z]", outside) or re.search(
            r"(?<!\\)\b[A-Za-z]{2,}", outside
        ):
            return False
        start = line.start + offset
        self._read(start, line.end, "", state, functions, plain=False)
        return True

    def _bare(
        self,
        line: _Line,
        offset: int,
        remainder: str,
        covered: list[tuple[int, int]],
        state: _State,
        functions: frozenset[str],
    ) -> bool:
        if not remainder.strip():
            return False
        found = False
        first = line.start + offset
        crossed = [(low, high) for low, high in self.struck if low < line.end and high > first]
        stretches = [(first, line.end, _blank(self.body, line, [*covered, *crossed])[offset:])]
        for low, high in crossed:
            low, high = max(low, first), min(high, line.end)
            stretches.append((low, high, remainder[low - first : high - first].replace("~", " ")))
        for origin, _, shown in stretches:
            for start, end in bare_segments(shown):
                words = _prose(shown[:start])
                self._read(origin + start, origin + end, words, state, functions, plain=True)
                found = True
        return found

    def _piece(
        self, piece: MathPiece, words: str, near: str, state: _State, functions: frozenset[str]
    ) -> None:
        """Read a piece; ``words`` is the prose of its line, ``near`` what stands between it and the last."""
        if piece.broken:
            place = Place(*self.locate(piece.outer[0]), self.text[piece.outer[0] : piece.outer[0] + 200])
            hole = Hole(place.source, piece.broken, span=piece.outer)
            self._add(Statement((Side(hole, place),), (), place, struck=piece.struck), "", state)
            return
        self._read(
            piece.start, piece.end, words, state, functions, plain=False, struck=piece.struck, near=near
        )

    def _read(
        self,
        start: int,
        end: int,
        words: str,
        state: _State,
        functions: frozenset[str],
        plain: bool,
        struck: bool = False,
        near: str | None = None,
    ) -> None:
        source = self.body[start:end]
        bare = plain
        if plain:  # Markdown's escapes and emphasis, blanked out so that places stay
            source = re.sub(
                r"\\(?=[_*#~])|(?<![\w)])\*\*|\*\*(?![\w(-])|__|`",
                lambda match: " " * len(match.group()),
                source,
            )
            plain = "\\" not in source
        struck = struck or any(low <= start and end <= high for low, high in self.struck)
        found = read_statements(
            source,
            self.declarations,
            base=start,
            text=self.text,
            locate=self.locate,
            plain=plain,
            functions=functions,
        )
        for statement in found:
            self._add(replace(statement, struck=struck or statement.struck), words, state, bare, near)

    def _add(
        self, statement: Statement, words: str, state: _State, bare: bool = False, near: str | None = None
    ) -> None:
        role: Role = (
            statement.role if statement.role != "claim" else _role_of(words, near, statement, state.previous)
        )
        statement = replace(
            statement,
            role=role,
            label=statement.label or state.label,
            words=" ".join(filter(None, [words, statement.words])),
        )
        first = statement.sides[0].tree
        if isinstance(first, Hole) and first.reason == "continues the line before":
            subject = None if near is None else _subject(near)
            if subject is not None:  # mean $= 5$: the words name what is computed
                side = Side(Name(subject), replace(statement.place, source=subject))
                statement = replace(statement, sides=(side, *statement.sides[1:]))
            else:
                statement = self._continue(statement, state, bare)
        state.statements.append(statement)
        state.previous = statement
        if not statement.struck and statement.role != "condition":
            state.standing = statement
        state.prose_since = state.gap = 0

    def _continue(self, statement: Statement, state: _State, bare: bool) -> Statement:
        origin = state.previous if statement.struck else state.standing
        far = state.gap > 0 if bare else state.prose_since > 1
        after_condition = state.previous is not None and state.previous.role == "condition"
        if origin is None or far or after_condition:
            what = "what stands before it was not read" if far else "no claim stands before it"
            hole = Hole("", f"the line continues something, but {what}")
            return replace(statement, sides=(Side(hole, statement.place), *statement.sides[1:]))
        carried = origin.sides[-1]
        assumed = statement.assumed
        if state.prose_since:
            assumed = (*assumed, f"continues line {carried.place.line}, though words stand between")
        return replace(
            statement,
            sides=(carried, *statement.sides[1:]),
            continues=True,
            assumed=assumed,
        )


def _unlabelled(label: re.Match[str]) -> str:
    return label.group().replace(label.group("label") or label.group("item") or "", "")


def _without_comments(text: str) -> str:
    """A LaTeX source with its preamble and its comments blanked out, every place kept."""
    begin = text.find("\\begin{document}")
    if begin >= 0:
        head = re.sub(r"[^\r\n]", " ", text[: begin + len("\\begin{document}")])
        text = head + text[len(head) :]
        end = text.find("\\end{document}")
        if end >= 0:
            text = text[:end] + re.sub(r"[^\r\n]", " ", text[end:])
    return re.sub(r"(?<!\\)%[^\r\n]*", lambda match: " " * len(match.group()), text)


def _without_quote_marks(text: str) -> str:
    """Markdown's ``>`` before quoted lines, blanked out; inside a ``$$`` that is not quoted it stays."""
    made: list[str] = []
    inside = ""
    for line in text.splitlines(keepends=True):
        mark = re.match(r" {0,3}(?:> ?)+", line)
        quoted = mark is not None and not inside
        made.append(
            " " * mark.end() + line[mark.end() :] if mark and (quoted or inside == "quoted") else line
        )
        if line.count("$$") % 2:
            inside = "" if inside else ("quoted" if quoted else "plain")
    return "".join(made)


def _blank(text: str, line: _Line, covered: list[tuple[int, int]]) -> str:
    """The line with every covered stretch replaced by blanks."""
    shown = list(text[line.start : line.end])
    for low, high in covered:
        for place in range(max(low, line.start), min(high, line.end)):
            shown[place - line.start] = " "
    return "".join(shown)


def _prose(before: str) -> str:
    """The words in front of a piece of mathematics, without other mathematics."""
    words = re.sub(r"\$[^$]*\$", " ", before)
    words = re.sub(r"[#*_~`|>]+", " ", words)
    return " ".join(words.split())[-160:]


def _subject(near: str) -> str | None:
    """The word directly before a formula that begins with ``=``, unless it only leads on ("which", "and")."""
    match = re.search(r"(?:^|[\s(*])([A-Za-z][A-Za-z-]*)[*_]*\s*$", near)
    if match is None or match.group(1).lower() in symbols.STOP_WORDS | _LEADING_WORDS:
        return None
    return match.group(1)


def _role_of(words: str, near: str | None, statement: Statement, before: Statement | None) -> Role:
    """What the words make of a formula. What joins it to the one before on its line hands the role on, but a
    comma ends a condition: "for $x > 0$, $f(x) = x$"."""
    joined = "" if near is None else near.strip(" \t*_~").lower()
    if near is not None and joined in ("", ",", "and", "or", ", and", ", or"):
        if before is None or before.place.line != statement.place.line:
            return "claim"
        bounds = bool(set(statement.signs) & {"<", ">", "<=", ">=", "!="})
        return "claim" if before.role == "condition" and "," in joined and not bounds else before.role
    match = _ROLE_WORDS.search(words if near is None else near)
    if match is None:
        return "claim"
    last = [word.strip(".").lower() for word in match.groups() if word]
    if any(word in symbols.CONDITION_WORDS for word in last):
        return "claim" if joined.endswith((":", ";", ".")) else "condition"
    return "given" if any(word in symbols.GIVEN_WORDS for word in last) else "claim"
