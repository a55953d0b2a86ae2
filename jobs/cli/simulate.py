"""`connector simulate`: a student information system to try things on, in the foreground."""

from __future__ import annotations

import typer


def simulate(ctx: typer.Context) -> int:
    """Serve a simulated school system until Ctrl-C; `connector simulate --help` lists its own options."""
    from connector.simulator.__main__ import main

    return main(ctx.args)
