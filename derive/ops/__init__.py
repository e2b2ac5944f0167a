"""What each operation *is*: one short definition each, one family a file, and the catalogue of them all.

Nothing here says what a gradient, a size or a count is: those are read off the definitions elsewhere.
"""

from derive.ops.catalogue import UnknownOperationError, names, operation
from derive.ops.definition import Definition, Input, Operation

__all__ = ["Definition", "Input", "Operation", "UnknownOperationError", "names", "operation"]
