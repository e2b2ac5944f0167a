"""PyTorch's own form of attention, recurrent networks and shaping, under the catalogue's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any


def counterparts() -> dict[str, Callable[..., Any]]:
    """By an operation's name the PyTorch function that takes its inputs and settings by name."""
    return _attention() | _cells() | _shaping()


def _attention() -> dict[str, Callable[..., Any]]:
    import torch
    from torch.nn import functional

    attend = functional.scaled_dot_product_attention

    def projected(X: Any, W_Q: Any, W_K: Any, W_V: Any, Y: Any = None, **options: Any) -> Any:
        memory = X if Y is None else Y
        return attend(X @ W_Q.T, memory @ W_K.T, memory @ W_V.T, **options)

    def additive(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
        scores = torch.tanh(functional.linear(h, U) + functional.linear(s, W)[..., None, :]) @ v
        return (torch.softmax(scores, -1)[..., None] * h).sum(-2)

    def multi_head(X: Any, W_Q: Any, W_K: Any, W_V: Any, W_O: Any, causal: bool = False, **of: Any) -> Any:
        seen = of.get("M")
        if causal:
            seen = torch.ones(X.shape[-2], X.shape[-2], dtype=torch.bool).tril()
        biases: Any = [None] * 3
        if "b_O" in of:  # PyTorch has a bias of the keys too; any will do
            biases = [
                of["b_Q"].flatten(),
                torch.ones(W_K.shape[:2].numel(), dtype=X.dtype),
                of["b_V"].flatten(),
            ]
        if W_Q.shape[1] == W_V.shape[1] and W_Q.shape[0] * W_Q.shape[1] == X.shape[-1] and X.ndim == 2:
            stacked = torch.cat([W.flatten(0, 1) for W in (W_Q, W_K, W_V)])
            width, heads = X.shape[-1], W_Q.shape[0]
            return functional.multi_head_attention_forward(
                X[:, None], X[:, None], X[:, None], width, heads, stacked,
                torch.cat(biases) if "b_O" in of else None, None, None, False, 0.0, W_O.flatten(1),
                of.get("b_O"), need_weights=False, attn_mask=None if seen is None else ~seen,
            )[0][:, 0]  # fmt: skip
        Q, K, V = (functional.linear(X, W.flatten(0, 1), b).unflatten(-1, W.shape[:2]).transpose(-3, -2)
                   for W, b in zip((W_Q, W_K, W_V), biases, strict=True))  # fmt: skip
        heads = attend(Q, K, V, attn_mask=None if seen is None else seen[..., None, :, :])
        return functional.linear(heads.transpose(-3, -2).flatten(-2), W_O.flatten(1), of.get("b_O"))

    def grouped(Q: Any, K: Any, V: Any) -> Any:
        flat = Q.flatten(-4, -3)  # group and head in it as one axis of heads, as PyTorch has it
        out = attend(flat, K, V, enable_gqa=True)
        return out.unflatten(-3, Q.shape[-4:-2])

    return {
        "attention": lambda Q, K, V: attend(Q, K, V),
        "dot_product_attention": lambda Q, K, V: attend(Q, K, V, scale=1.0),
        "masked_attention": lambda Q, K, V, M: attend(Q, K, V, attn_mask=M),
        "causal_attention": lambda Q, K, V: attend(Q, K, V, is_causal=True),
        "alignment": lambda s, h: attend(s[..., None, :], h, h, scale=1.0)[..., 0, :],
        "additive_attention": additive,
        "self_attention": projected,
        "causal_self_attention": lambda **given: projected(**given, is_causal=True),
        "masked_self_attention": lambda M, **given: projected(**given, attn_mask=M),
        "cross_attention": projected,
        "multi_head_attention": multi_head,
        "multi_head_attention_biases": multi_head,
        "causal_multi_head_attention": partial(multi_head, causal=True),
        "masked_multi_head_attention": multi_head,
        "grouped_query_attention": grouped,
    }


def _cells() -> dict[str, Callable[..., Any]]:
    import torch

    def stacked(parameters: Mapping[str, Any], kind: str, gates: str) -> Any:
        return torch.cat([parameters[f"{kind}_{gate}"] for gate in gates])

    def rnn_cell(x: Any, h: Any, W_xh: Any, W_hh: Any, b: Any) -> Any:
        return rnn_cell_two_biases(x, h, W_xh, W_hh, b, torch.zeros_like(b))

    def rnn_cell_two_biases(x: Any, h: Any, W_xh: Any, W_hh: Any, b_xh: Any, b_hh: Any) -> Any:
        return torch.rnn_tanh_cell(x[None], h[None], W_xh, W_hh, b_xh, b_hh)[0]

    def lstm_parameters(of: Mapping[str, Any]) -> tuple[Any, ...]:
        second = (
            stacked(of, "a", "ifuo")
            if "a_i" in of
            else torch.zeros(4 * len(of["b_i"]), dtype=of["b_i"].dtype)
        )
        return (*(stacked(of, kind, "ifuo") for kind in "WUb"), second)

    def lstm_cell(x: Any, h: Any, c: Any, **of: Any) -> Any:
        return torch.lstm_cell(x[None], (h[None], c[None]), *lstm_parameters(of))[0][0]

    def lstm_step(x: Any, h: Any, c: Any, **of: Any) -> Any:
        """PyTorch has no such LSTM: only its differentiation is used."""

        def argument(gate: str, memory: Any) -> Any:
            return (
                of[f"W_{gate}"] @ x + of[f"U_{gate}"] @ h + of[f"b_{gate}"] + of.get(f"p_{gate}", 0) * memory
            )

        kept = torch.sigmoid(argument("f", c)) * c if "W_f" in of else c
        memory = kept + torch.sigmoid(argument("i", c)) * torch.tanh(argument("u", c))
        return torch.sigmoid(argument("o", memory)) * torch.tanh(memory)

    def gru_parameters(of: Mapping[str, Any]) -> tuple[Any, ...]:
        zero = torch.zeros_like(of["a_u"])
        return (*(stacked(of, kind, "rsu") for kind in "WUb"), torch.cat([zero, zero, of["a_u"]]))

    def gru_cell(x: Any, h: Any, **of: Any) -> Any:
        return torch.gru_cell(x[None], h[None], *gru_parameters(of))[0]

    def gru_cell_reset_first(x: Any, h: Any, **of: Any) -> Any:
        """PyTorch's GRU resets after the matrix: only its differentiation is used."""

        def argument(gate: str, state: Any) -> Any:
            return of[f"W_{gate}"] @ x + of[f"U_{gate}"] @ state + of[f"b_{gate}"]

        r, s = torch.sigmoid(argument("r", h)), torch.sigmoid(argument("s", h))
        return (1 - s) * torch.tanh(argument("u", r * h)) + s * h

    def steps(network: Callable[..., Any], x: Any, parameters: Sequence[Any], *states: Any) -> Any:
        """From given states, or from 0."""
        zero = torch.zeros(parameters[1].shape[1], dtype=x.dtype)
        first = [(zero if one is None else one).reshape(1, 1, -1) for one in states]
        before = tuple(first) if first[1:] else first[0]
        return network(x[None], before, list(parameters), True, 1, 0.0, False, False, True)[0][0]

    def rnn(x: Any, W_xh: Any, W_hh: Any, b: Any, h_0: Any = None) -> Any:
        return steps(torch.rnn_tanh, x, (W_xh, W_hh, b, torch.zeros_like(b)), h_0)

    def lstm(x: Any, h_0: Any = None, c_0: Any = None, **of: Any) -> Any:
        return steps(torch.lstm, x, lstm_parameters(of), h_0, c_0)

    def gru(x: Any, h_0: Any = None, **of: Any) -> Any:
        return steps(torch.gru, x, gru_parameters(of), h_0)

    return {
        "rnn_cell": rnn_cell,
        "rnn_cell_two_biases": rnn_cell_two_biases,
        "lstm_cell": lstm_cell,
        "lstm_cell_two_biases": lstm_cell,
        "lstm_cell_without_forget_gate": lstm_step,
        "lstm_cell_peepholes": lstm_step,
        "gru_cell": gru_cell,
        "gru_cell_reset_first": gru_cell_reset_first,
        **{f"rnn{end}": rnn for end in ("", "_from_state")},
        **{f"lstm{end}": lstm for end in ("", "_from_state")},
        **{f"gru{end}": gru for end in ("", "_from_state")},
    }


def _shaping() -> dict[str, Callable[..., Any]]:
    import torch
    from torch.nn import functional

    def positions(x: Any, base: float) -> Any:
        """PyTorch has no such encoding: only its sines, cosines and differentiation are used."""
        n, d = x.shape[-2:]
        columns = torch.arange(d)
        angles = torch.arange(n)[:, None] / base ** ((columns - columns % 2).double() / d)
        return x + torch.where(columns % 2 == 0, angles.sin(), angles.cos())

    return {
        "flatten": lambda x: torch.flatten(x, 1),
        "reshape": lambda x, rows: x.reshape(rows, -1),
        "concatenation": lambda x, z: torch.cat([x, z], -1),
        "residual_projection": lambda x, f, W_s: functional.linear(x, W_s) + f,
        "nearest_upsampling": lambda x, factor: functional.interpolate(
            x, scale_factor=factor, mode="nearest"
        ),
        "embedding": lambda E, c: functional.embedding(c, E),
        "positional_encoding": positions,
        "dropout_not_inverted": lambda x, m: x * m,
        "dropout_not_inverted_eval": lambda x, p: (1 - p) * x,
    }
