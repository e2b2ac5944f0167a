"""The command line: each command parses its arguments, calls one function and prints what came back.

A command ``foo`` lives in ``derive/cli/foo_command.py`` as the click command ``command``; it is imported
when it is run. Its one line of help stands in :data:`COMMANDS`: ``derive --help`` imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from derive import __version__
from derive.cli.options import CallError, nearest

COMMANDS = {
    "ops": "List the operations: what each has, and how far the witnesses agree.",
    "show": "Derive the gradient of an operation, step by step.",
    "graph": "Values forward and gradients back at every node of a scalar expression.",
    "perceptron": "Derive all gradients of a multi-layer perceptron.",
    "through-time": "Derive why gradients of recurrent networks vanish or explode.",
    "optimise": "Run an optimiser for a few steps and show every number.",
    "prove": "Prove by induction what recurrences come to.",
    "init": "Derive how large random weights have to be at first.",
    "threshold": "Threshold units: what one can do, proofs that none can, how one learns.",
    "taylor": "Expand a function about a point, with its remainder; find missing terms.",
    "bounds": "Between which values a ratio lies for all whole numbers.",
    "data": "Nearest neighbours, folds and principal components of a few points.",
    "count": "Sizes, parameters, operations and memory of a network, layer by layer.",
    "fit": "Whole numbers for which a network has what is wanted.",
    "verify": "Prove gradients numerically by independent witnesses.",
    "compare": "Say whether two formulas are equal, with a witness if not.",
    "check": "Judge every line of a worked solution.",
    "read": "Show what was understood of a document, statement by statement.",
    "problems": "List the problems of the bank.",
    "solve": "Solve a problem of the bank with its steps.",
}


class Commands(click.Group):
    """A group whose commands are imported only when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(_module(cmd_name)).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; an unknown one is answered with the names that look like it."""
        name = args[0]
        names = self.list_commands(ctx)
        if name not in names and not name.startswith("-"):
            near = nearest(name, names)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known commands: {', '.join(names)}"
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands from the table, without importing them."""
        rows = [(name, COMMANDS[name]) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what nobody foresaw still ends in one clear line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, OSError):
            raise  # click knows what to do with these (a closed pipe among them)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            said = " ".join(str(error).split())[:300]
            raise CallError(
                f"derive met something unforeseen ({type(error).__name__}: {said}); "
                "`derive --debug ...` shows where, and a report of it would help"
            ) from error


def _module(name: str) -> str:
    return f"derive.cli.{name.replace('-', '_')}_command"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an unforeseen error.")
@click.version_option(__version__, prog_name="derive")
def main(debug: bool) -> None:
    """Derive deep-learning mathematics step by step, and check worked solutions line by line."""
