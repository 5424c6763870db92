"""`edgeseg data`: check, import and synthesize data sets."""

from __future__ import annotations

import typer

from edgeseg.cli.data_check import data_check
from edgeseg.cli.data_import import HELP, data_import
from edgeseg.cli.data_synth import data_synth

app = typer.Typer(help="Check, import and synthesize data sets.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    pass


app.command("check")(data_check)
app.command("import", help=HELP)(data_import)
app.command("synth")(data_synth)
