"""Text -> document -> statements -> trees, each with its place in the text."""

from derive.reading.declarations import Declaration, DeclarationError, Declarations
from derive.reading.document import read_document
from derive.reading.latex import to_latex
from derive.reading.statement import Document, Place, Side, Statement
from derive.reading.statements import read_formula, read_statements
from derive.reading.tree import Tree

__all__ = [
    "Declaration", "DeclarationError", "Declarations", "Document", "Place", "Side", "Statement", "Tree",
    "read_document", "read_formula", "read_statements", "to_latex",
]  # fmt: skip
