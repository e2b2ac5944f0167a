"""A network from any of the ways in which it may be written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from derive.counting.layers import load
from derive.graphs import network_keras, network_printed, network_sheet, network_table, network_text
from derive.graphs.network import Network

_KERAS = re.compile(
    r"\bkeras\b|\binput_shape\s*=|\bInput\(|\b\w+\.add\(|\b[A-Z]\w*\([^()]*\b(filters|strides|pool_size|units|use_bias)\s*="
)


@cache
def blocks(keras: bool = False) -> str:
    """The blocks that every text may use, in its own grammar; with Keras' layers where it is Keras' code."""
    names = ["network_blocks.txt"] + ["network_keras_layers.txt"] * keras
    own = Path(network_text.__file__)
    return "\n".join(own.with_name(name).read_text(encoding="utf-8") for name in names)


def network_from_text(text: str, name: str = "", variables: Mapping[str, Any] | None = None) -> Network:
    """The network in a text, in whichever way it is written.

    In layer calls (:mod:`derive.graphs.network_text`), where ``variables`` set names of the text; as an exam
    sheet's note (:mod:`derive.graphs.network_sheet`) or a table (:mod:`derive.graphs.network_table`); as
    PyTorch prints a model (:mod:`derive.graphs.network_printed`) or Keras summarises one
    (:mod:`derive.graphs.network_keras`). Raises :class:`~derive.graphs.network.NetworkError` with the line,
    and what would work.

    >>> network_from_text("Conv2d(3, 8, 3) -> ReLU()").nodes[1].call
    'Conv2d(3, 8, 3)'
    """
    if network_printed.looks_printed(text):
        return network_printed.read_printed(text, name, load())
    if network_keras.looks_like_summary(text):
        return network_keras.read_summary(text, name)
    if network_table.looks_like_table(text):
        return network_table.read_table(text, name)
    if network_sheet.looks_like_sheet(text, load()):
        return network_sheet.read_sheet(text, name)
    return network_text.read_text(text, load(), blocks(bool(_KERAS.search(text))), name, variables)
