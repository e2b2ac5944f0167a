"""Memory: what parameters, activations and training take in bytes of a number type."""

from __future__ import annotations

from collections.abc import Mapping

from derive.counting.conventions import DTYPES, OPTIMISERS, InForce
from derive.counting.formulas import Size, product, simplest
from derive.counting.network import NetworkCount, total


def memory(count: NetworkCount, conventions: InForce | None = None) -> Mapping[str, Size]:
    """Bytes of parameters, of all activations of one pass, and of training.

    Training keeps every parameter with its gradient and what the optimiser keeps (for Adam two numbers), and
    every layer's output until its backward pass. Layers that only move numbers about are counted like others:
    an implementation may work in place.

    ``activations`` includes the input; ``largest_activation`` is the largest single output.
    """
    conventions = conventions or InForce()
    bytes_each = DTYPES[conventions["dtype"]]
    kept = OPTIMISERS[conventions["optimiser"]][0]
    held = simplest(count.totals["parameters"] + count.totals["buffers"])
    trained = count.totals["trainable"]
    outputs = [row.counts["activations"] for row in count.rows]
    given = [product(count.shapes[k]) for k in count.network.inputs]
    activations = total((*outputs, *given))
    found: dict[str, Size] = {
        "parameters": simplest(held * bytes_each),
        "activations": simplest(activations * bytes_each),
        "gradients": simplest(trained * bytes_each),
        "optimiser": simplest(trained * kept * bytes_each),
    }
    found["training"] = total(found.values())
    if all(isinstance(one, int) for one in outputs):
        found["largest_activation"] = simplest(max(outputs) * bytes_each)
    return found
