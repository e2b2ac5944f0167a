"""Units of measure, in one table: what each measures, and how many of its base unit it is.

The base units are the byte, the second, the hertz, the metre, the gram, the watt and the joule. ``K``, ``M``,
``G`` and ``%`` are no units: they are part of the number.
"""

from __future__ import annotations

import re
from fractions import Fraction

from derive.reading.symbols import words

_DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
#: What is measured, how the unit is written, which prefixes it takes, and how many base units it is.
_ROWS: tuple[tuple[str, str, str, Fraction], ...] = (
    ("data", "B byte bytes Byte Bytes", "k M G T P", Fraction(1)),
    ("data", "b bit bits Bit Bits", "k M G T", Fraction(1, 8)),
    ("time", "s sec second seconds", "m u µ μ n", Fraction(1)),
    ("time", "min minute minutes", "", Fraction(60)),
    ("time", "h hr hour hours", "", Fraction(3600)),
    ("time", "day days", "", Fraction(86_400)),
    ("frequency", "Hz hertz", "k M G", Fraction(1)),
    ("length", "m meter meters metre metres", "k m u µ μ n", Fraction(1)),
    ("length", "cm", "", Fraction(1, 100)),
    ("mass", "g gram grams", "k m", Fraction(1)),
    ("power", "W watt watts", "k M m", Fraction(1)),
    ("energy", "J joule joules", "k M", Fraction(1)),
    ("energy", "Wh", "k", Fraction(3600)),
    ("information", "nat nats", "", Fraction(1)),
)
#: What each kind is made of.
DIMENSIONS: dict[str, dict[str, int]] = {
    "data": {"data": 1},
    "time": {"time": 1},
    "frequency": {"time": -1},
    "length": {"length": 1},
    "mass": {"mass": 1},
    "power": {"energy": 1, "time": -1},
    "energy": {"energy": 1},
    "information": {"information": 1},
    "data per time": {"data": 1, "time": -1},
    "length per time": {"length": 1, "time": -1},
}
_WORDS = {"milli": -3, "micro": -6, "nano": -9, "kilo": 3, "mega": 6, "giga": 9, "tera": 12}


def _table() -> dict[str, tuple[str, Fraction]]:
    table: dict[str, tuple[str, Fraction]] = {}
    for kind, spellings, prefixes, factor in _ROWS:
        for name in spellings.split():
            table[name] = (kind, factor)
            if len(name) > 3:  # milliseconds
                for word, power in _WORDS.items():
                    table[word + name.lower()] = (kind, factor * Fraction(10) ** power)
            if len(name) <= 3:
                for prefix in prefixes.split():
                    table[prefix + name] = (kind, factor * Fraction(10) ** _DECIMAL[prefix])
                if kind == "data" and prefixes:
                    table["K" + name] = (kind, factor * 1000)
                    for prefix, power in _BINARY.items():
                        table[prefix + name] = (kind, factor * 2**power)
    for name, (kind, factor) in list(table.items()):
        if kind in ("data", "length"):
            for per, seconds in (("s", 1), ("sec", 1), ("second", 1), ("h", 3600)):
                table[f"{name}/{per}"] = (f"{kind} per time", factor / seconds)
        if name.endswith("bit") and len(name) == 4:
            table[f"{name[0]}bps"] = ("data per time", factor)
    table["bps"] = ("data per time", Fraction(1, 8))
    return table


#: Of each unit what it measures, and how many base units it is.
MEASURES: dict[str, tuple[str, Fraction]] = _table()


#: What measures something and is never converted.
UNCONVERTED = frozenset(
    ["percent", "degree", "degrees", "deg", "°", "dozen", "week", "weeks", "month", "months", "year", "years"]
)
_ANGLES = words("rad radian radians")
_PLAIN = _ANGLES.union(*(row[1].split() for row in _ROWS if row[2] or row[0] == "information"))
WORDS = MEASURES.keys() | UNCONVERTED | _ANGLES


def units_in(text: str) -> set[str]:
    """The units of measure among the words of a remark; letters that may be names are none.

    >>> units_in("images per second"), units_in("kHz"), units_in("b filters of m")
    ({'second'}, {'kHz'}, set())
    """
    said = re.findall(r"[^\W\d_]+|°", text)
    named = {word if word in WORDS else word.lower() for word in said if len(word) > 1 or word in "s°"}
    return named & WORDS


def is_scaled(unit: str) -> bool:
    """Whether a unit is a multiple or a part of another, so that a number without it is another number."""
    return unit not in _PLAIN


def measure(text: str) -> str | None:
    """The unit of measure that some words are, as the table has it.

    >>> measure(" ms"), measure("MB / s"), measure("filters")
    ('ms', 'MB/s', None)
    """
    unit = text.strip().replace(" / ", "/").replace(" per ", "/")
    return unit if unit in MEASURES else None
