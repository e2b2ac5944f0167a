"""``derive prove``: a proof by induction."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, write, write_json


@click.command("prove")
@click.argument("theorem", required=False)
@click.option(
    "--recurrence", "recurrences", multiple=True, help="What the next term is: 'v_{k+1} = b v_k + g'."
)
@click.option("--start", "starts", multiple=True, help="A first term: 'v_0 = 0'.")
@click.option("--claim", "claims", multiple=True, help="What is to be proved: 'v_k = g (1 - b^k)/(1 - b)'.")
@format_option("text", "latex", "json")
@output_option()
def command(
    theorem: str | None,
    recurrences: tuple[str, ...],
    starts: tuple[str, ...],
    claims: tuple[str, ...],
    output_format: str,
    output: Path | None,
) -> None:
    """Prove by induction a THEOREM about optimisers, or a claim about recurrences of your own.

    Without a THEOREM and a claim the theorems are listed.

    \b
      derive prove heavy-ball
      derive prove --recurrence 'v_{k+1} = b v_k + g' --start 'v_0 = 0' --claim 'v_k = g (1 - b^k)/(1 - b)'
    """
    from derive.derivation.equivalences import THEOREMS
    from derive.derivation.equivalences import theorem as find_theorem
    from derive.derivation.induction import prove
    from derive.graphs.scalar import GraphError
    from derive.practice.induction import read_theorem
    from derive.rendering import induction as rendering

    own = [*recurrences, *starts, *claims]
    if theorem is None and not own:
        names = {name: build().title for name, build in THEOREMS.items()}
        if output_format == "json":
            write_json([{"name": name, "title": title} for name, title in names.items()], output)
        else:
            write("\n".join(f"{name:18} {title}" for name, title in names.items()), output)
        return
    if theorem is not None and own:
        fail(f"{theorem!r} and a claim of your own: give one of the two")
    try:
        chosen = find_theorem(theorem) if theorem is not None else read_theorem(recurrences, starts, claims)
        proof = prove(chosen)
    except (GraphError, LookupError) as error:
        fail(str(error.args[0]))
    if output_format == "json":
        write_json(rendering.as_dict(proof), output)
    elif output_format == "latex":
        write(rendering.as_latex(proof), output)
    else:
        write(rendering.as_text(proof), output)
