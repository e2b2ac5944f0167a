"""A document in Markdown, LaTeX or plain text to its statements in order, with their lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace

from derive.reading.bare import bare_segments
from derive.reading.decimals import comma_in_use
from derive.reading.declarations import Declaration, Declarations
from derive.reading.inference import numbered_by_use, said_by_condition, said_in_prose, said_in_statement
from derive.reading.macros import find_macros
from derive.reading.markup import (
    without_comments,
    without_definitions,
    without_html,
    without_layout,
    without_quote_marks,
    without_remarks,
    without_styles,
)
from derive.reading.mathpieces import MathPiece, find_pieces
from derive.reading.notebook import is_notebook, read_notebook
from derive.reading.numerals import unit_behind
from derive.reading.placing import State
from derive.reading.prose import ends_sentence, names_a_case, words_before
from derive.reading.statement import Document, Place, Role, Side, Statement, Table, locator
from derive.reading.statements import Locate, defined_function, read_statements, with_unit
from derive.reading.tables import Grid, find_tables
from derive.reading.tree import Hole, Relation, Text, Tree

_HEADING = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+(?P<markdown>.*)"
    r"|\\(?:sub)*(?:section|paragraph|part|question|problem|exercise)\*?\{(?P<latex>[^}]*)\})"
)
_TITLES = (
    r"(?:[Pp]art|[Pp]roblem|[Qq]uestion|[Ee]xercise|[Tt]ask|PROBLEM|QUESTION|EXERCISE|TASK|PART"
    r"|Prob\.|Ex\.?|Sub-?part|Solution|Answer|Aufgabe|Übung|Teil|Frage|Exercice|Ejercicio|Q)"
)
_LABEL = re.compile(
    r"[ \t>]*(?:[-*+•][ \t]+)?(?:\\(?:noindent|par|medskip|bigskip|smallskip)\b[ \t]*)*"
    r"(?:\*\*|__|\{?\\(?:textbf|underline|emph|textit|bf|bfseries|large|Large)\b[ \t]*\{?)?[ \t]*"
    r"(?:\\item[ \t]*(?:\[(?P<item>[^\]]*)\])?"
    r"|(?P<label>\((?:[a-z]|[ivx]{1,4}|\d{1,2})\)|(?:\d{1,2}[a-z]?|[a-z]|[ivx]{2,4})[.)](?=[\s*}]|$)"
    rf"|{_TITLES}[ \t]*(?:\(?(?:\d{{1,2}}[a-z]?|[a-z])\)?(?:\.\d+)?(?:[ \t]*\([a-z]\))?)(?![^\W_]|,)[.:)]?))?"
    r"(?:\*\*|__|\})?[ \t]*"
)
_DECIMAL = re.compile(
    r"decimal[ -]comma|Dezimalkomma|virgule d[ée]cimale|coma decimal|\\usepackage\{(?:icomma|ziffer)\}"
    r"|decimal-marker\s*=\s*\{?,",
    re.IGNORECASE,
)
_ANY = re.compile(r"(?P<markdown>)(?P<latex>)")
_UNDERLINE = re.compile(r"[ \t]*(?:={3,}|-{3,})[ \t]*$")
_APART = re.compile(r"[ \t]{2,}(?=\(?[a-h]\)[ \t]+\S)")  # a) 2 + 3 = 5   b) 4 + 4 = 8
_LABEL_FIRST = re.compile(r"[ \t]*\(?[a-h]\)[ \t]")
_PROBLEM = re.compile(r"^\W*problem\s*[:=]\s*[\"'`]?([A-Za-z0-9][\w./-]*)", re.IGNORECASE | re.MULTILINE)
# Markdown's escapes and emphasis; x**2 is a power
_EMPHASIS = re.compile(r"\\(?=[_*#~])|(?<![\w)])\*\*|\*\*(?![\w(-])|__|`")
_SIGNS = re.compile(r"[=<>≈≤≥≠≡→⇒←]|\\[A-Za-z]")  # without one of these a line is prose
_CONTENT = re.compile(r"[^\W_]")
_NEAR = 400  # characters in which the words before a formula are looked for
MAX_STATEMENTS = 10_000  # of one document
MAX_READ = 400_000  # characters of its formulas
_COVER = "\ue000"  # stands for a character of delimited mathematics


@dataclass(frozen=True)
class _Line:
    start: int
    end: int


def read_document(text: str, name: str = "<text>", declarations: Declarations | None = None) -> Document:
    """Read a document.

    ``name`` is its source: ``.tex`` is read as LaTeX, ``.ipynb`` as a Jupyter notebook (its Markdown cells),
    anything else as Markdown. Raises :class:`DocumentError` for a notebook that is none.

    >>> document = read_document("We get $a = 1$\\n\\n$$= 2$$")
    >>> [(s.place.line, s.place.column, s.continues) for s in document.statements]
    [(1, 9, False), (3, 5, True)]
    """
    declarations = declarations or Declarations()
    notebook = read_notebook(text) if is_notebook(text, name) else None
    text = notebook.text if notebook is not None else text
    reader = _Reader(text, name, declarations, notebook.locate if notebook is not None else locator(text))
    statements = reader.run(frozenset())
    declared, notes = reader.declared(statements)
    reader.declarations = declared + declarations
    functions = frozenset(filter(None, map(defined_function, statements)))
    functions = frozenset(letter for letter in functions if letter not in reader.declarations)
    if functions or len(declared):
        statements = reader.run(functions)
    notes += [f"{letter} is a function: the document defines {letter}(...)" for letter in sorted(functions)]
    found = _PROBLEM.search(text[:2_000])
    problem = found.group(1) if found else None
    return Document(text, name, tuple(statements), problem, tuple(notes), declared, reader.tables(), notebook)


class _Reader:
    def __init__(self, text: str, name: str, declarations: Declarations, locate: Locate) -> None:
        self.text, self.declarations, self.locate = text, declarations, locate
        self.latex = name.endswith((".tex", ".latex", ".ltx")) or "\\begin{document}" in text
        self.macros = find_macros(text)[0]
        if self.latex:
            self.body = without_comments(text)
        else:
            self.body = without_html(without_quote_marks(without_definitions(without_remarks(text))))
        self.pieces, self.skipped, self.struck = find_pieces(self.body, self.latex)
        self.grids = find_tables(self.body, self.pieces, self.latex)
        self.cells = {  # of each line of a table
            self.body.rfind("\n", 0, row[0][0]) + 1: row for grid in self.grids for row in grid.rows if row
        }
        self.lines = self._lines()

    def _lines(self) -> list[_Line]:
        """The lines on which something stands, and which of them are underlined: headings.

        A line that holds two parts of a problem, ``a) ...   b) ...``, counts as two.
        """
        made: list[_Line] = []
        at = 0
        self.underlined: set[int] = set()
        for line in self.body.splitlines(keepends=True):
            if not line.isspace():
                end = at + len(line.rstrip("\r\n"))
                if (
                    not self.latex
                    and made
                    and made[-1].end >= at - 2
                    and _UNDERLINE.match(line.rstrip("\r\n"))
                ):
                    self._underline(made[-1])
                low = at
                if not self.latex and at not in self.cells and "$" not in line and _LABEL_FIRST.match(line):
                    for match in _APART.finditer(line):
                        made.append(_Line(low, at + match.start()))
                        low = at + match.end()
                made.append(_Line(low, end))
            at += len(line)
        return made

    def _underline(self, line: _Line) -> None:
        text = self.body[line.start : line.end]
        if line.start not in self.cells and not re.search(r"[=$|\\]", text) and re.match(r"\s*\w", text):
            self.underlined.add(line.start)

    def tables(self) -> tuple[Table, ...]:
        """The tables as data."""
        return tuple(self._table(grid) for grid in self.grids)

    def _table(self, grid: Grid) -> Table:
        rows = tuple(tuple(self._cell(start, end) for start, end in row) for row in grid.rows)
        start, end = grid.span
        return Table(rows, grid.header, Place(*self.locate(start), self.text[start:end]))

    def _cell(self, start: int, end: int) -> Side:
        """A cell: a number, a formula, or words."""
        source = self.body[start:end]
        place = Place(*self.locate(start), self.text[start:end])
        at = bisect_left(self._starts(), start)
        piece = self.pieces[at] if at < len(self.pieces) else None
        alone = piece is not None and piece.outer == (start, end)
        low, high = (piece.start, piece.end) if piece is not None and alone else (start, end)
        tree: Tree = Text(source, span=(start, end))
        if alone or not (re.search(r"[A-Za-z]{2}", source) or "$" in source or not source):
            found = read_statements(
                self.body[low:high],
                self.declarations,
                base=low,
                text=self.text,
                locate=self.locate,
                plain=not alone,
                macros=self.macros,
            )
            if len(found) == 1 and len(found[0].sides) == 1:
                tree = found[0].sides[0].tree
            elif len(found) == 1 and len(found[0].sides) == 2:
                left, right = found[0].sides
                tree = Relation(found[0].signs[0], left.tree, right.tree, span=(start, end))
        return Side(tree, place)

    def declared(self, statements: list[Statement]) -> tuple[Declarations, list[str]]:
        """What the document says about its letters, beyond what was declared, and where it says so."""
        found, notes = Declarations(), []
        said = [(declaration, self.locate(at)[0]) for at, declaration in said_in_prose(self.body)]
        comma = _DECIMAL.search(self.text)
        place = comma.start() if comma is not None else comma_in_use(self.body)
        if place is not None:
            said.append((Declaration("decimal", kind="comma"), self.locate(place)[0]))
        for statement in statements:
            for declaration in (*said_in_statement(statement), *said_by_condition(statement)):
                said.append((declaration, statement.place.line))
        said += [(declaration, line) for line, declaration in numbered_by_use(statements)]
        for declaration, line in said:
            if declaration.name not in self.declarations and declaration.name not in found:
                found.add(declaration)
                notes.append(f"{declaration.name} is {declaration.described}: line {line}")
        return found, notes

    def run(self, functions: frozenset[str]) -> list[Statement]:
        """All statements, from top to bottom."""
        state = State()
        pieces = iter(self.pieces)
        piece = next(pieces, None)
        first = 0  # of the stretches that are skipped and may reach into the line
        for line in self.lines:
            if state.full:
                break
            while first < len(self.skipped) and self.skipped[first][1] <= line.start:
                first += 1
            inside = []
            while piece is not None and piece.start <= line.end:
                inside.append(piece)
                piece = next(pieces, None)
            hidden: list[tuple[int, int]] = []
            while (
                first + len(hidden) < len(self.skipped) and self.skipped[first + len(hidden)][0] <= line.end
            ):
                hidden.append(self.skipped[first + len(hidden)])
            self._line(line, inside, hidden, state, functions)
        return state.statements

    def _line(
        self,
        line: _Line,
        pieces: list[MathPiece],
        hidden: list[tuple[int, int]],
        state: State,
        functions: frozenset[str],
    ) -> None:
        state.line = line.start
        covered = (
            [piece.outer for piece in self._open_before(line)] + [piece.outer for piece in pieces] + hidden
        )
        rest = _blank(self.body, line, covered)
        heading = _HEADING.match(rest) or (_ANY.match(rest) if line.start in self.underlined else None)
        if heading:
            title = heading.group("markdown") or heading.group("latex") or rest
            title = re.sub(r"\\[A-Za-z]+\*?|[{}]", "", title).strip(" \t#*")
            state.label, state.previous, state.standing, state.prose_since = title[:60], None, None, 0
        first = min((low for low, _ in covered), default=line.end)
        cells = self.cells.get(line.start)
        state.in_table = cells is not None
        label = None if heading or cells else _LABEL.match(rest, 0, max(0, first - line.start))
        offset = 0
        bulleted = state.bulleted = bool(re.match(r"[ \t>]*[-*+•][ \t]", rest))
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
        if (
            not heading
            and not cells
            and not self.latex
            and self._joined(line, offset, remainder, pieces, state, functions)
        ):
            return
        if self.latex:
            state.label = state.numbering.read(rest, state.label)
        if not pieces and not heading:
            found = self._bare(line, offset, remainder, covered, state, functions, cells)
            if not found and remainder.strip():
                state.gap += 1
                state.prose_since += not self.latex and bool(re.search(r"[A-Za-z]{2}", remainder))
        mixed: list[tuple[int, int]] = []
        if pieces and not heading and cells:
            mixed = self._in_cells(line, cells, covered)
        elif pieces and not heading and not self.latex:
            mixed = self._mixed(line, offset, pieces, covered)
        at, joined, known = line.start, frozenset(mixed), {piece.outer: piece for piece in pieces}
        reach = -1  # of the last stretch that holds pieces
        for start, end in sorted({*mixed, *known}, key=lambda place: (place[0], -place[1])):
            words, near = self._words(line, start, state), self.body[at:start]
            if (start, end) in joined:
                self._read(start, end, words, state, functions, plain=not self._holds(start, end), near=near)
                reach = end
            elif start >= reach:  # what lies inside such a stretch has been read with it
                self._piece(known[(start, end)], words, near, state, functions)
            at = max(at, end)
        if heading:
            state.tail = ""
        elif pieces or rest.strip():
            low = max(at, line.start + offset, line.end - _NEAR)
            state.tail = words_before(self.body[low : line.end])
        if pieces and len(re.findall(r"[A-Za-z]{2,}", remainder)) > 3:
            state.prose_since += 1

    def _words(self, line: _Line, start: int, state: State) -> str:
        """The words before a piece: on its line, or at the end of the line before if there are none."""
        before = self.body[max(line.start, start - _NEAR) : start]
        return words_before(before) if before.strip() or ends_sentence(state.tail) else state.tail

    def _holds(self, start: int, end: int) -> bool:
        """Whether a delimited piece stands in the stretch."""
        place = bisect_left(self._starts(), start)
        return place < len(self.pieces) and self.pieces[place].outer[1] <= end

    def _mixed(
        self, line: _Line, offset: int, pieces: list[MathPiece], covered: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Mathematics without delimiters beside pieces with them: ``$a$ = 5``, ``$x < 1$ and 3 * 4 = 12``."""
        if any(
            piece.display or piece.struck or piece.broken or piece.outer[1] > line.end for piece in pieces
        ):
            return []
        shown = list(_EMPHASIS.sub(_blanks, _blank(self.body, line, covered)))
        for piece in pieces:
            for place in range(piece.outer[0], piece.outer[1]):
                shown[place - line.start] = _COVER
        text = "".join(shown[offset:])
        found = []
        for low, high in bare_segments(text):
            start, end = line.start + offset + low, line.start + offset + high
            struck = bool(self._struck_in(start, end))
            outside = text[low:high].strip()
            alone = _COVER not in outside
            if struck or not re.search(r"=|≈|\\approx", outside):
                continue
            if alone and (re.match(r"[=≈+*/)]", outside) or re.search(r"[=+*/(]$", outside)):
                continue  # it belongs to something beside it
            found.append((start, end))
        return found

    def _in_cells(
        self, line: _Line, cells: tuple[tuple[int, int], ...], covered: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Mathematics without delimiters in the cells of a row that have none."""
        shown = _blank(self.body, line, covered)
        return [
            (low + a, low + b)
            for low, high in cells
            if high <= line.end and not any(start < high and end > low for start, end in covered)
            for a, b in bare_segments(shown[low - line.start : high - line.start])
        ]

    def _struck_in(self, start: int, end: int) -> list[tuple[int, int]]:
        """The stretches that are crossed out and reach into this one."""
        place = bisect_left(self.struck, (end, 0)) - 1
        found: list[tuple[int, int]] = []
        while place >= 0 and len(found) < 20 and self.struck[place][1] > start:
            found.append(self.struck[place])
            place -= 1
        return found[::-1]

    def _open_before(self, line: _Line) -> list[MathPiece]:
        """The piece that began on an earlier line and reaches into this one."""
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
        state: State,
        functions: frozenset[str],
    ) -> bool:
        """``= $2x$ + 1``: delimiters that enclose only a part of a line's mathematics: one piece."""
        if not pieces or any(piece.display or piece.struck or piece.outer[1] > line.end for piece in pieces):
            return False
        if self._struck_in(line.start, line.end):
            return False
        outside = remainder.strip()
        if not re.search(r"[=≈<>+*/≤≥→⇒×]|\\[A-Za-z]", outside) or re.search(
            r"(?<!\\)\b[A-Za-z]{2,}", outside
        ):
            return False
        start = line.start + offset
        at = start
        for piece in pieces:  # **t = 1.** $g = 2$: two sentences
            if remainder[at - start : piece.outer[0] - start].rstrip(" \t*_").endswith((".", ":", ";")):
                return False
            at = piece.outer[1]
        self._read(start, line.end, "", state, functions, plain=False)
        return True

    def _bare(
        self,
        line: _Line,
        offset: int,
        remainder: str,
        covered: list[tuple[int, int]],
        state: State,
        functions: frozenset[str],
        cells: tuple[tuple[int, int], ...] | None = None,
    ) -> bool:
        if not _SIGNS.search(remainder) or not _CONTENT.search(remainder):
            return False
        found = False
        first = line.start + offset
        crossed = self._struck_in(first, line.end)
        stretches = [(first, line.end, _blank(self.body, line, [*covered, *crossed])[offset:])]
        for low, high in crossed:
            low, high = max(low, first), min(high, line.end)
            stretches.append((low, high, remainder[low - first : high - first].replace("~", " ")))
        for origin, _, shown in stretches:
            at = 0
            shown = _EMPHASIS.sub(_blanks, shown)
            shown = without_layout(shown) if self.latex else without_styles(shown)
            parts = [(0, len(shown))]
            if cells:
                parts = [(max(0, low - origin), max(0, high - origin)) for low, high in cells]
            for start, end in [
                (low + a, low + b)
                for low, high in parts
                for a, b in bare_segments(shown[low:high], strict=self.latex)
            ]:
                words = words_before(shown[max(0, start - _NEAR) : start])
                near = shown[at:start] if at else None
                self._read(origin + start, origin + end, words, state, functions, plain=True, near=near)
                found, at = True, end
        return found

    def _piece(
        self, piece: MathPiece, words: str, near: str, state: State, functions: frozenset[str]
    ) -> None:
        """Read a piece; ``words`` is the prose of its line, ``near`` what stands between it and the last."""
        if piece.broken:
            place = Place(*self.locate(piece.outer[0]), self.text[piece.outer[0] : piece.outer[0] + 200])
            hole = Hole(place.source, piece.broken, span=piece.outer)
            state.add(Statement((Side(hole, place),), (), place, struck=piece.struck))
            return
        self._read(
            piece.start, piece.end, words, state, functions, plain=False, struck=piece.struck, near=near
        )

    def _read(
        self,
        start: int,
        end: int,
        words: str,
        state: State,
        functions: frozenset[str],
        plain: bool,
        struck: bool = False,
        near: str | None = None,
    ) -> None:
        if state.full:
            return
        state.read += end - start
        if state.read > MAX_READ or len(state.statements) >= MAX_STATEMENTS:
            state.full = True
            place = Place(*self.locate(start), self.text[start : start + 200])
            limit = f"the document holds more than {MAX_STATEMENTS} formulas or {MAX_READ} characters of them"
            hole = Hole(place.source, f"{limit}: the rest is not read", span=(start, end))
            state.statements.append(Statement((Side(hole, place),), (), place))
            return
        source = self.body[start:end]
        if "$" in source or "\\(" in source:  # delimiters that enclose only a part
            source = re.sub(r"\\[()]", "  ", source)
        bare = plain
        if plain:  # Markdown's escapes and emphasis, blanked out so that places stay
            source = _EMPHASIS.sub(_blanks, source)
            plain = "\\" not in source
        struck = struck or any(low <= start and end <= high for low, high in self._struck_in(start, end))
        before = self.macros.produced
        found = read_statements(
            source,
            self.declarations,
            base=start,
            text=self.text,
            locate=self.locate,
            plain=plain,
            functions=functions,
            macros=self.macros,
        )
        state.read += 4 * (self.macros.produced - before)
        closed = re.compile(r"\s*(?:\$|\\\))?\s*").match(self.body, end)
        after = self.body[closed.end() : closed.end() + 2] if closed else ""
        shut = re.compile(r"\s*(?:\$|\\\))").match(self.body, end)
        unit = unit_behind(self.body[shut.end() : shut.end() + 40]) if shut and not bare else ""
        if found and unit:
            found = (*found[:-1], with_unit(found[-1], unit))
        tags = set(re.findall(r"\\tag\*?\{([^{}]*)\}", source))
        last, given = start, False
        for number, statement in enumerate(found):
            if statement.label in tags:  # the number of an equation is no part of a problem
                words_of = f"{statement.words} ({statement.label})".strip()
                statement = replace(statement, label="", words=words_of)
            if not bare and len(found) == 1 and names_a_case(statement, after):
                statement = replace(statement, role="condition")
            between = self.body[last : statement.span[0]] if statement.span else ""
            own: Role | None = None  # words before the piece say little of what follows inside it
            if number and statement.words:
                own = statement.role
            elif number and "\\\\" in between:
                own = "given" if given and statement.role == "claim" else statement.role
            statement = replace(statement, struck=struck or statement.struck)
            state.add(statement, words, bare, between if number else near, own)
            given = given or (
                not number and found[0].role == "claim" and state.statements[-1].role == "given"
            )
            last = statement.span[1] if statement.span else last


def _unlabelled(label: re.Match[str]) -> str:
    return label.group().replace(label.group("label") or label.group("item") or "", "")


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _blank(text: str, line: _Line, covered: list[tuple[int, int]]) -> str:
    """The line with every covered stretch replaced by blanks."""
    shown = list(text[line.start : line.end])
    for low, high in covered:
        for place in range(max(low, line.start), min(high, line.end)):
            shown[place - line.start] = " "
    return "".join(shown)
