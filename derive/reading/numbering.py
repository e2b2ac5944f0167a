"""Which part of a LaTeX script a line belongs to: enumerations, questions and parts are counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(
    r"\\begin\{(?P<begin>enumerate|itemize|description|questions|parts|subparts)\}(?:\[(?P<style>[^\]]*)\])?"
    r"|\\end\{(?P<end>enumerate|itemize|description|questions|parts|subparts)\}"
    r"|\\item\b\s*(?:\[(?P<own>[^\]]*)\])?"
    r"|\\(?P<exam>question|part|subpart)\b(?![\s]*\{)\s*(?:\[[^\]]*\])?"
)
_ROMAN = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"]
_LEVELS = ("1.", "(a)", "i.", "A.")  # what LaTeX prints when nothing is said


@dataclass
class _Level:
    name: str
    style: str
    count: int
    outer: str


class Numbering:
    """The labels of nested lists, read line by line.

    >>> numbering = Numbering()
    >>> numbering.read(r"\\begin{enumerate}[label=(\\alph*)]", "Problem 1")
    'Problem 1'
    >>> [numbering.read(r"\\item x", ""), numbering.read(r"\\item y", "")]
    ['(a)', '(b)']
    """

    def __init__(self) -> None:
        self.levels: list[_Level] = []

    def read(self, line: str, label: str) -> str:
        """The label in force after a line, given the one before it."""
        for match in _MARK.finditer(line):
            if match.group("begin"):
                depth = sum(level.name == "enumerate" for level in self.levels)
                name = match.group("begin")
                standard = {"questions": "1.", "parts": "(a)", "subparts": "i."}.get(name)
                style = match.group("style") or standard or _LEVELS[min(depth, 3)]
                self.levels.append(_Level(name, style, 0, label))
            elif match.group("end"):
                if self.levels:
                    label = self.levels.pop().outer
            elif match.group("own") is not None:
                label = match.group("own").strip()
            elif not self.levels:
                continue
            else:
                level = self.levels[-1]
                level.count += 1
                counted = level.name not in ("itemize", "description")
                label = _shown(level.style, level.count) if counted else level.outer
        return label


def _shown(style: str, count: int) -> str:
    letter = chr(ord("a") + (count - 1) % 26)
    roman = _ROMAN[count] if count < len(_ROMAN) else str(count)
    style = re.sub(r"^.*?label\s*=\s*|,.*$", "", style).strip("{} ")
    counters = {
        "alph": letter,
        "Alph": letter.upper(),
        "roman": roman,
        "Roman": roman.upper(),
        "arabic": str(count),
    }
    named = re.compile(r"\\(alph|Alph|roman|Roman|arabic)\*?")
    if named.search(style):
        return re.sub(r"\\\w+|[{}]", "", named.sub(lambda match: counters[match.group(1)], style)).strip()
    values = {"a": letter, "A": letter.upper(), "i": roman, "I": roman.upper(), "1": str(count)}
    return re.sub(r"[aAiI1]", lambda match: values[match.group()], style, count=1)
