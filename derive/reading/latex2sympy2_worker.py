"""The process in which latex2sympy2 runs: one JSON line in, one JSON line out. Imports nothing of derive.

It is started by :mod:`derive.reading.second_reader` as a file of its own, with limits on memory and time.
Every formula is read in a fork of it, so that what latex2sympy2 keeps from one call (variables, a stray
``dx``) is gone at the next. What it returns is walked, never printed and parsed again, and never simplified.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

MEMORY = 1 << 30  # bytes
MAX_NODES = 2_000


def plain(expression: Any, budget: list[int]) -> Any:
    """A SymPy object as plain data: ``["Add", ...]``, ``["symbol", name]``, ``["number", "3/2"]``."""
    budget[0] -= 1
    if budget[0] < 0:
        raise ValueError(f"more than {MAX_NODES} nodes")
    head = type(expression).__name__
    if isinstance(expression, (list, tuple)) or head == "Tuple":
        return ["list", *(plain(item, budget) for item in expression)]
    if isinstance(expression, str):
        return ["word", expression]
    if hasattr(expression, "tolist") and hasattr(expression, "shape"):
        return ["Matrix", *(["list", *(plain(item, budget) for item in row)] for row in expression.tolist())]
    if getattr(expression, "is_Symbol", False) or head == "MatrixSymbol":
        return ["symbol", str(expression.name)]
    if getattr(expression, "is_Rational", False):
        return ["number", f"{expression.p}/{expression.q}"]
    if getattr(expression, "is_Float", False):
        return ["number", str(expression)]
    if getattr(expression, "is_NumberSymbol", False) or head in ("ImaginaryUnit", "Infinity"):
        return ["constant", head]
    if not hasattr(expression, "args"):
        raise ValueError(f"a {head} was returned")
    name = getattr(getattr(expression, "func", None), "__name__", head)
    kind = "call" if getattr(expression, "is_Function", False) else "head"
    return [kind, name, *(plain(item, budget) for item in expression.args)]


def read(latex: str) -> dict[str, Any]:
    """One formula, in this very process."""
    from latex2sympy2 import latex2sympy

    try:
        return {"tree": plain(latex2sympy(latex), [MAX_NODES])}
    except RecursionError:
        return {"refused": "nested too deeply"}
    except Exception as error:
        said = " ".join(str(error).split())
        return {"refused": f"{said[:120] or type(error).__name__}"}


def answer(latex: str, seconds: int) -> str:
    """One formula, in a fork that may take so many seconds of processor time."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        os.write(into, json.dumps(read(latex)).encode()[: 1 << 20])
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return found.decode() or json.dumps({"refused": "it came to no end, or took too much memory"})


def main(seconds: int) -> None:
    """Answer lines until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever latex2sympy2 prints is no answer

    def say(text: str) -> None:
        lines.write(text + "\n")
        lines.flush()

    try:
        import latex2sympy2  # noqa: F401 - imported once, so that the forks find it warm
    except Exception as error:
        say(json.dumps({"missing": f"{type(error).__name__}: {error}"}))
        return
    say(json.dumps({"ready": True}))
    for line in sys.stdin:
        say(answer(json.loads(line)["latex"], seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
