"""Derive deep-learning mathematics step by step, and check worked solutions line by line.

>>> import derive
>>> derive.operation("tanh").gradient("x").text
'1 - y^2'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.api import count, operation, operations
    from derive.judging import compare
    from derive.marking import check

__version__ = "0.1.0"

__all__ = ["__version__", "check", "compare", "count", "operation", "operations"]

_HOMES = {
    "check": "derive.marking",
    "compare": "derive.judging",
    "count": "derive.api",
    "operation": "derive.api",
    "operations": "derive.api",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``import derive`` alone loads nothing heavy."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'derive' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
