"""HTML pages: templates in ``templates/``, formulas as MathML, nothing fetched from anywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape


@lru_cache(maxsize=4096)
def mathml(latex: str) -> Markup:
    """A formula as MathML, which every current browser shows by itself."""
    from latex2mathml.converter import convert

    return Markup(convert(latex))


def words(phrase: str) -> Markup:
    """Words with formulas between dollar signs."""
    pieces = phrase.split("$")
    return Markup("").join(mathml(piece) if k % 2 else escape(piece) for k, piece in enumerate(pieces))


def render(template: str, **values: Any) -> str:
    """Fill one of the page templates; what is not a formula is escaped."""
    return _environment().get_template(template).render(**values)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("derive.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
