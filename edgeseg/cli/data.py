"""`edgeseg data`: check, import and synthesize data sets."""

from __future__ import annotations

import typer

app = typer.Typer(help="Check, import and synthesize data sets.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    pass
