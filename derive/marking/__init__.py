"""A whole script -> claims with verdicts, the first wrong line, follow-through.

What comes in: the text of a document. What goes out: a :class:`Report`. Formulas are judged by
:mod:`derive.judging`; this room knows what the names mean at each line.
"""

from derive.marking.report import Report
from derive.marking.script import check

__all__ = ["Report", "check"]
