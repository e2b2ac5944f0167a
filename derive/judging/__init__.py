"""One claim -> a verdict with its evidence.

What comes in: two trees of :mod:`derive.reading` and what is declared about their names. What goes out: a
:class:`Claim`. This room knows nothing of documents; :mod:`derive.marking` does.
"""

from derive.judging.claim import VERDICTS, Claim
from derive.judging.compare import compare, judge

__all__ = ["VERDICTS", "Claim", "compare", "judge"]
