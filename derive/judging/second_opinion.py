"""Whether a second reader understood a side as we did: it agrees, differs or refuses.

It is believed only if nothing was lost: every name stands in its reading as often as in ours, every number
that is written is in it, and the two have the same value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from derive.judging.compare import compare
from derive.reading import Side, to_latex
from derive.reading.second_reader import Refusal, SecondReader
from derive.reading.tree import Name, Number, Tree

_SAID_OTHERWISE = frozenset(["e", "exp", "ln", "log", "sqrt", "E"])  # e^x is exp(x), ...


@dataclass(frozen=True)
class Opinion:
    """What the second reader makes of one side: ``says``, why, and its reading in LaTeX (None if refused)."""

    says: Literal["agrees", "differs", "refused"]
    reason: str = ""
    latex: str | None = None


def second_opinion(side: Side, reader: SecondReader, declare: Iterable[str] = ()) -> Opinion:
    """Ask for one side; for one that we could not read ourselves it can only differ or refuse."""
    found = reader.parse(side.place.source)
    if isinstance(found, Refusal):
        return Opinion("refused", found.reason)
    latex = to_latex(found)
    if side.unread:
        return Opinion("differs", "we did not read it", latex)
    lost = _lost(side.tree, found)
    if lost:
        return Opinion("differs", f"{reader.name} lost {', '.join(lost)}", latex)
    added = _lost(found, side.tree, numbers=False)
    if added:
        return Opinion("differs", f"{reader.name} has {', '.join(added)} besides", latex)
    claim = compare(to_latex(side.tree), latex, tuple(declare))
    if claim.verdict in ("correct", "rounded"):
        return Opinion("agrees", "", latex)
    if claim.wrong:
        return Opinion("differs", claim.message or "", latex)
    return Opinion("refused", f"what it read could not be compared: {claim.message}", latex)


def _lost(whole: Tree, other: Tree, numbers: bool = True) -> list[str]:
    """The names and numbers of the one that are missing in the other."""
    missing = [to_latex(Name(text)) for text in (_names(whole) - _names(other))]
    if numbers:
        kept = {node.value for node in other.walk() if isinstance(node, Number)}
        missing += [
            node.digits
            for node in whole.walk()
            if isinstance(node, Number) and not node.unit and node.value not in {*kept, 0, 1, 2}
        ]
    return missing


def _names(tree: Tree) -> Counter[str]:
    return Counter(
        node.text for node in tree.walk() if isinstance(node, Name) and node.text not in _SAID_OTHERWISE
    )
