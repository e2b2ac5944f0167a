"""What the reader understood: as plain data for JSON, and line by line for the terminal.

Places are 1-based lines and columns of the file; ``span`` is a half-open range of characters in the text that
was read (for a notebook: the text of its Markdown cells).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from derive.judging.second_opinion import Opinion
from derive.reading import Document, Side, Statement, Tree, to_latex
from derive.reading.repairs import would_read
from derive.reading.statement import STATUSES, Place, Table
from derive.reading.tree import Hole, Text

WIDTH = 96  # characters of a source line that are shown around a caret


def tree_data(tree: Tree) -> dict[str, Any]:
    """A tree as plain data: ``{"node": "Power", "span": [0, 3], "base": {...}, "exponent": {...}}``.

    >>> from derive.reading import read_formula
    >>> tree_data(read_formula("x^2"))["exponent"]
    {'node': 'Number', 'span': [2, 3], 'digits': '2', 'unit': ''}
    """
    span = list(tree.span) if tree.span is not None else None
    parts = {spec.name: _plain(getattr(tree, spec.name)) for spec in fields(tree) if spec.name != "span"}
    return {"node": type(tree).__name__, "span": span, **parts}


def _plain(value: Any) -> Any:
    if isinstance(value, Tree):
        return tree_data(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def tree_lines(tree: Tree, depth: int = 0) -> Iterator[str]:
    """A tree as indented lines, one node each.

    >>> from derive.reading import read_formula
    >>> print("\\n".join(tree_lines(read_formula("-x^T"))))
    Negative
      Transpose
        Name x
    """
    said = [
        " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for spec in fields(tree)
        if spec.name != "span"
        and (value := getattr(tree, spec.name))
        and not isinstance(value, Tree)
        and not (isinstance(value, tuple) and not all(isinstance(item, str) for item in value))
    ]
    yield "  " * depth + " ".join(filter(None, [type(tree).__name__, *said]))
    for child in tree.children():
        yield from tree_lines(child, depth + 1)


Opinions = Mapping[Place, Opinion]
"""What a second reader says of each side, by the place of the side."""


def document_data(document: Document, opinions: Opinions | None = None) -> dict[str, Any]:
    """A read document as the JSON of ``derive read``."""
    locate = document.locate
    return {
        "source": document.source,
        "problem": document.problem,
        "notes": list(document.notes),
        "declared": [f"{d.name}: {d.described}" for d in document.declared],
        "statements": [_statement_data(s, document, locate, opinions or {}) for s in document.statements],
        "tables": [_table_data(table) for table in document.tables],
        "summary": summary(document),
        **({"second_reader": _opinion_counts(opinions)} if opinions is not None else {}),
    }


def summary(document: Document) -> dict[str, int]:
    """How many statements were read, are ambiguous, were read in part, not at all, or are struck out."""
    counts = Counter(statement.status for statement in document.statements)
    return {status: counts[status] for status in STATUSES}


def _statement_data(
    statement: Statement,
    document: Document,
    locate: Callable[[int], tuple[int, int]],
    opinions: Opinions,
) -> dict[str, Any]:
    cell = document.cell_at(statement.span[0]) if statement.span else None
    return {
        "line": statement.place.line,
        "column": statement.place.column,
        **({"cell": cell[0], "cell_line": cell[1]} if cell is not None else {}),
        "status": statement.status,
        "latex": statement.latex,
        "assumed": list(statement.assumed),
        "source": _source(statement, document),
        "role": statement.role,
        "label": statement.label,
        "words": statement.words,
        "continues": statement.continues,
        "struck": statement.struck,
        "signs": list(statement.signs),
        "sides": [_side_data(side, locate, opinions.get(side.place)) for side in statement.sides],
    }


def _table_data(table: Table) -> dict[str, Any]:
    return {
        "line": table.place.line,
        "header": table.header,
        "rows": [[_cell_data(cell) for cell in row] for row in table.rows],
    }


def _cell_data(cell: Side) -> dict[str, Any]:
    words = isinstance(cell.tree, Text)
    return {
        "line": cell.place.line,
        "column": cell.place.column,
        "source": cell.place.source,
        "latex": None if words else cell.latex,
        "tree": None if words else tree_data(cell.tree),
    }


def _opinion_counts(opinions: Opinions) -> dict[str, int]:
    counts = Counter(opinion.says for opinion in opinions.values())
    return {says: counts[says] for says in ("agrees", "differs", "refused")}


def _side_data(
    side: Side, locate: Callable[[int], tuple[int, int]], opinion: Opinion | None
) -> dict[str, Any]:
    return {
        "line": side.place.line,
        "column": side.place.column,
        "source": side.place.source,
        "status": side.status,
        "latex": side.latex,
        "tree": tree_data(side.tree),
        "holes": [_hole_data(hole, side, locate) for hole in side.holes],
        "readings": [
            {"reason": found.reason, "latex": [to_latex(reading) for reading in found.readings]}
            for found in side.ambiguities
        ],
        **({"second_reader": vars(opinion)} if opinion is not None else {}),
    }


def _hole_data(hole: Hole, side: Side, locate: Callable[[int], tuple[int, int]]) -> dict[str, Any]:
    line, column = locate(hole.span[0]) if hole.span else (side.place.line, side.place.column)
    found = would_read(hole)
    repair = None if found is None else {"change": found[0], "latex": to_latex(found[1])}
    return {"line": line, "column": column, "source": hole.source, "reason": hole.reason, "repair": repair}


def _source(statement: Statement, document: Document) -> str:
    """The statement as it is written in the document, in one line."""
    text = document.text[slice(*statement.span)] if statement.span else statement.place.source
    return " ".join((text if text.count("$") % 2 == 0 else text.replace("$", "")).split())


# ---- for the terminal
def document_lines(
    document: Document, trees: bool = False, opinions: Opinions | None = None
) -> Iterator[tuple[str, str]]:
    """The lines of the report, each with what kind of line it is: a status, ``latex``, ``caret``, ..."""
    width = max((len(_where(s, document)) for s in document.statements), default=0) + 2
    indent = " " * (width + 11)
    for statement in document.statements:
        marks: list[str] = [] if statement.role == "claim" else [statement.role]
        marks += [_continued(statement, document)] if statement.continues else []
        note = f"  ({', '.join(marks)})" if marks else ""
        head = f"{_where(statement, document):<{width}}{statement.status:<11}"
        yield statement.status, f"{head}{_short(_source(statement, document))}{note}"
        yield "latex", f"{indent}{_short(statement.latex, 2_000)}"
        yield from (("assumed", f"{indent}assumed: {assumed}") for assumed in statement.assumed)
        for side in statement.written:
            for found in side.ambiguities:
                readings = "  or  ".join(to_latex(reading) for reading in found.readings)
                yield from _carets(found, f"{found.reason}: {readings}", document, width)
            for hole in () if statement.struck else side.holes:
                yield from _carets(hole, hole.reason + _repaired(hole, document), document, width)
            opinion = opinions.get(side.place) if opinions is not None else None
            if opinion is not None:
                yield f"second {opinion.says}", f"{indent}{_second(side, opinion)}"
            if trees:
                yield from (("tree", f"{indent}{line}") for line in tree_lines(side.tree))


def _repaired(hole: Hole, document: Document) -> str:
    found = would_read(hole, document.declared)
    return f"; {found[0]} it would be read {_short(to_latex(found[1]))}" if found is not None else ""


def _second(side: Side, opinion: Opinion) -> str:
    """``also read by latex2sympy2: X^T y: differs (it reads X y; ...)``."""
    why = [f"it reads {opinion.latex}"] if opinion.says == "differs" and opinion.latex else []
    why += [opinion.reason] if opinion.reason else []
    said = f" ({_short('; '.join(why), 200)})" if why else ""
    return f"latex2sympy2 on {_short(' '.join(side.place.source.split()), 40)}: {opinion.says}{said}"


def _where(statement: Statement, document: Document) -> str:
    """``12:5``, or ``cell 3, line 2`` in a notebook."""
    cell = document.cell_at(statement.span[0]) if statement.span else None
    if cell is not None:
        return f"cell {cell[0]}, line {cell[1]}"
    return f"{statement.place.line}:{statement.place.column}"


def _continued(statement: Statement, document: Document) -> str:
    first = statement.sides[0]
    cell = document.cell_at(first.tree.span[0]) if first.tree.span is not None else None
    return f"continues cell {cell[0]}, line {cell[1]}" if cell else f"continues line {first.place.line}"


def _carets(tree: Tree, message: str, document: Document, width: int) -> Iterable[tuple[str, str]]:
    """The source line with carets under the piece, and what there is to say of it."""
    if tree.span is None:
        return [("caret", f"{' ' * (width + 11)}{message}")]
    text, start = document.text, tree.span[0]
    begin, end = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    end = len(text) if end < 0 else end
    if end - begin > WIDTH:
        begin = max(begin, start - WIDTH // 2)
        end = min(end, begin + WIDTH)
    piece = "".join(char if char.isprintable() else " " for char in text[begin:end])
    carets = "^" * max(1, min(tree.span[1], end) - start)
    number = "" if document.notebook is not None else str(document.locate(start)[0])
    return [
        ("source", f"{number:>{width + 9}} | {piece}"),
        ("caret", f"{'':>{width + 9}} | {' ' * (start - begin)}{carets} {message}"),
    ]


def _short(text: str, most: int = 110) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def second_line(opinions: Opinions) -> str:
    """``also read by latex2sympy2: 12 agrees, 3 differs, 5 refused``."""
    counts = ", ".join(f"{count} {says}" for says, count in _opinion_counts(opinions).items())
    return f"also read by latex2sympy2: {counts}"


def summary_line(document: Document) -> str:
    """``notes.md: 12 statements: 10 read, 1 ambiguous, 1 in part, 0 unread``."""
    counts = summary(document)
    shown = ", ".join(
        f"{counts[status]} {status}" for status in STATUSES if status != "struck" or counts[status]
    )
    total = len(document.statements)
    tables = f"; {len(document.tables)} table{'s'[: len(document.tables) > 1]}" if document.tables else ""
    return f"{document.source}: {total} statement{'' if total == 1 else 's'}: {shown}{tables}"
