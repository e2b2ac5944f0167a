"""What to say about a name that is not known. Belongs to no room: all of them use it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look like ``name``, the likeliest first.

    >>> nearest("sofmax", ["softmax", "log_softmax", "relu"])
    ['softmax', 'log_softmax']
    >>> nearest("Show", ["show", "ops"])
    ['show']
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)
    return [by_lower[candidate] for candidate in found]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A message for a name that is not known: what was asked, and what would work.

    >>> unknown("operation", "sofmax", ["softmax", "relu"])
    "unknown operation 'sofmax'; did you mean softmax?"
    >>> unknown("operation", "zzz", ["softmax", "relu"])
    "unknown operation 'zzz'; known: relu, softmax"
    >>> unknown("letter", "7", "abcdefghijklmnopqrstuvwxyz")[:58]
    "unknown letter '7'; there are 26: a, b, c, d, e, f, g, h, "
    """
    names = list(known)
    near = nearest(name, names)
    if near:
        return f"unknown {kind} {name!r}; did you mean {' or '.join(near)}?"
    if len(names) > _MOST_LISTED:
        listed = ", ".join(sorted(names)[:_MOST_LISTED])
        return f"unknown {kind} {name!r}; there are {len(names)}: {listed}, ..."
    return f"unknown {kind} {name!r}; known: {', '.join(sorted(names)) or 'none'}"


_MOST_LISTED = 24
