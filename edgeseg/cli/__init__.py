"""The command line: registers the commands and turns errors into one sentence and an exit code.

Each command has a file of its own, which imports only typer and light modules at the top: `--help`
answers at once, with or without TensorFlow. A command parses, calls the library, prints, and ends.
Exit codes: 0 fine, 1 a check or budget failed, 2 wrong usage or bad input, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from edgeseg._version import __version__
from edgeseg.cli import data, study
from edgeseg.cli.bench import bench
from edgeseg.cli.check import check
from edgeseg.cli.compare import compare
from edgeseg.cli.console import INTERRUPTED, VERBOSITY
from edgeseg.cli.demo import demo
from edgeseg.cli.doctor import doctor
from edgeseg.cli.export import export
from edgeseg.cli.inspect import inspect
from edgeseg.cli.predict import predict
from edgeseg.cli.quantize import quantize
from edgeseg.cli.report import report
from edgeseg.cli.serve import serve
from edgeseg.cli.train import train
from edgeseg.errors import EdgesegError
from edgeseg.files import output_error

app = typer.Typer(
    name="edgeseg",
    help="Take a cell-segmentation U-Net from training to a Raspberry Pi, and know what it costs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.add_typer(data.app, name="data")
app.command()(train)
app.command()(export)
app.command()(quantize)
app.command()(inspect)
app.command()(bench)
app.command()(compare)
app.command()(report)
app.command()(check)
app.command()(predict)
app.command()(serve)
app.add_typer(study.app, name="study")
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgeseg {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001  the callback acts on it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no remarks.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="More remarks.")] = False,
) -> None:
    VERBOSITY.level = int(verbose) - int(quiet)


def main() -> None:
    """Run the command line and exit with its code."""
    import io
    from pathlib import Path

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name that the terminal cannot show
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # Everything is written; TensorFlow's threads, stopped in the middle, can hang while Python ends.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise
    except EdgesegError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: nobody is left to tell
        sys.exit(0)
    except OSError as error:
        sys.stderr.write(f"error: {output_error(Path(error.filename or 'output'), error)}\n")
        sys.exit(2)
    except MemoryError:
        sys.stderr.write("error: memory ran out; use smaller images, batches or models\n")
        sys.exit(2)
