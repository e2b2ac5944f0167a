"""Two neighbours of a chain, and what counts as right."""

from __future__ import annotations

from dataclasses import dataclass

from derive.reading.tree import Relation, Tree

#: So many lines below, a value given may have been forgotten.
FAR = 25
#: So many lines below its formula, another value of a name contradicts the first; further down it is a new
#: one.
NEAR = 6
RIGHT = ("correct", "rounded", "follows")


@dataclass(frozen=True)
class Link:
    """Two neighbours of a chain. ``first`` says that the left side starts the chain, ``joined`` that it
    was taken over from
    a line before."""

    left: Tree
    right: Tree
    sign: str
    first: bool = True
    joined: bool = False
    line: int = 0
    conditions: tuple[tuple[Relation, ...], ...] = ()  # groups of which one may restrict the claim
    under: tuple[Relation, ...] = ()  # the conditions under which it is judged
    restates: bool = False  # a second formula, in just the names of the first
    lead: str = ""  # what stands on its line before it
    heading: int = 0  # the line under whose heading it stands
    part: int = 0  # the line where its part or item begins
    case: str = ""  # "equal" or "different": what was said of two indices just before

    @property
    def arrow(self) -> bool:
        """Whether the sign is an arrow, which may mean "equals" or merely "next"."""
        return self.sign == "->"
