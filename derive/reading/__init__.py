"""Text -> document -> statements -> trees, each with its place in the text.

In: the text of a document or a formula, and declarations. Out: a :class:`Document` of statements whose sides
are trees, wholly read, or holes with their reason. Nothing is ever evaluated here, and of mathematics this
room knows only the notation.

    document, mathpieces      where in a file the mathematics stands; labels
    placing                   statements one behind the other: their part, their role, what they continue
    notebook                  the Markdown cells of a Jupyter notebook, with their places in the file
    markup, numbering, prose  comments and HTML blanked out; parts counted; what words make of a formula
    macros, inference         a document's own commands; what it says about its own letters
    lexer, groups             characters to tokens, tokens to nested groups; the ceilings
    stream, breaks, chains    rows, words, commas and arrows: where one statement ends and the next begins
    statements                drafts to statements; every side read or a hole
    parser, context           sums and products (a Pratt parser); what is known while reading
    runs                      a level made ready: words or letters, idle braces, switches of the font
    atoms, numerals, names, commands, functions, operators, derivatives, matrices
                              one kind of factor each
    scripts, attaching        what hangs on a symbol: told apart, and put on it
    units, decimals           units of measure; decimal commas
    declarations              what was said about a name
    tree, statement           what is handed on
    latex                     trees to canonical LaTeX
    symbols                   the tables: notation is added there first
"""

from derive.reading.declarations import Declaration, DeclarationError, Declarations
from derive.reading.document import read_document
from derive.reading.latex import to_latex
from derive.reading.notebook import DocumentError
from derive.reading.statement import Document, Place, Side, Statement
from derive.reading.statements import read_formula, read_statements
from derive.reading.tree import Tree

__all__ = [
    "Declaration",
    "DeclarationError",
    "Declarations",
    "Document",
    "DocumentError",
    "Place",
    "Side",
    "Statement",
    "Tree",
    "read_document",
    "read_formula",
    "read_statements",
    "to_latex",
]
