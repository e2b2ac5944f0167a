"""Which part of a LaTeX script a line belongs to: enumerations, questions and parts are counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = (
    "enumerate|itemize|description|questions|parts|subparts|subsubparts"
    "|problem|exercise|question|task|homeworkProblem"
)
_MARK = re.compile(
    rf"\\begin\{{(?P<begin>{_NAMES})\*?\}}(?:\[(?P<style>[^\]]*)\])?"
    rf"|\\end\{{(?P<end>{_NAMES})\*?\}}"
    r"|\\item\b\s*(?:\[(?P<own>[^\]]*)\])?"
    r"|\\(?P<exam>(?:titled)?question|(?:sub){0,2}part)\b(?![\s]*\{(?!\S*\}\[))\s*(?:\[[^\]]*\])?"
    r"|\\setcounter\{enumi*\}\{(?P<count>\d+)\}"
)
_COUNTED = {  # environments that are problems themselves, and what their number is called
    "problem": "Problem", "exercise": "Exercise", "question": "Question", "task": "Task",
    "homeworkProblem": "Problem",
}  # fmt: skip
_ROMAN = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"]
_STANDARD = {"questions": r"Question \arabic*", "parts": "(a)", "subparts": "i.", "subsubparts": "1."}
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
        self.counts: dict[str, int] = {}

    def read(self, line: str, label: str) -> str:
        """The label in force after a line, given the one before it."""
        for match in _MARK.finditer(line):
            if match.group("begin") in _COUNTED:
                name = match.group("begin")
                self.counts[name] = self.counts.get(name, 0) + 1
                self.levels.append(_Level(name, "", 0, label))
                label = f"{_COUNTED[name]} {self.counts[name]}"
            elif match.group("begin"):
                depth = sum(level.name == "enumerate" for level in self.levels)
                name = match.group("begin")
                standard = _STANDARD.get(name)
                style = match.group("style") or standard or _LEVELS[min(depth, 3)]
                self.levels.append(_Level(name, style, 0, label))
            elif match.group("end"):
                if self.levels:
                    label = self.levels.pop().outer
            elif match.group("own") is not None:
                label = match.group("own").strip()
            elif not self.levels:
                continue
            elif match.group("count") is not None:
                self.levels[-1].count = int(match.group("count"))
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
