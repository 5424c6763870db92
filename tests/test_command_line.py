"""The command line as a whole: help, exit codes, and what is never imported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from edgeseg import __version__
from edgeseg.cli import app
from support.command import edgeseg, refused

COMMANDS = sorted(
    [command.name or command.callback.__name__ for command in app.registered_commands] + ["data", "study"]
)

HEAVY = (
    "tensorflow", "keras", "tf_keras", "tensorflow_model_optimization", "altair", "jinja2", "matplotlib",
    "pandas", "scipy", "vl_convert",
)  # fmt: skip


def test_version_is_the_package_version():
    assert edgeseg("--version").stdout == f"edgeseg {__version__}\n"


def leaves():
    """Every command: the words that call it -> its options."""
    for name, command in get_command(app).commands.items():
        for sub, leaf in getattr(command, "commands", {"": command}).items():
            options = [each for each in leaf.params if each.opts[0].startswith("--")]
            yield (name, sub) if sub else (name,), options


@pytest.mark.parametrize(
    ("words", "options"), [pytest.param(*each, id=" ".join(each[0])) for each in leaves()]
)
def test_help_names_every_option_with_a_text(words, options):
    shown = "".join(edgeseg(*words, "--help").stdout.split())  # lines are wrapped, at hyphens too
    assert options
    for option in options:
        text = option.help or ""
        assert len(text.split()) > 1, option.opts
        assert option.opts[0] in shown
        assert "".join(text.split()) in shown, option.opts


@pytest.mark.parametrize("arguments", [("--version",), *((command, "--help") for command in COMMANDS)])
def test_help_and_version_import_nothing_heavy(arguments):
    """What makes them slow is imports, and which ones is the same on every machine."""
    code = (
        "import sys\nfrom edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"'([^']+)'", result.stderr))
    assert not loaded & {*HEAVY, "numpy", "cv2", "ai_edge_litert", "tomlkit"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("trian",), "Did you mean 'train'"),
        (("train", "data", "--out", "run", "--epoch", "3"), "--epochs"),
        (("train", "data", "--out", "run", "--preset", "unet16"), "did you mean 'unet-16'"),
        (("train", "data", "--out", "run", "--resume", "--epochs", "3"), "leave out the other options"),
        (
            ("train", "nowhere", "--out", "run"),
            "expected a data set at nowhere, but there is no such folder",
        ),
        (("export", "nowhere", "--out", "models"), "a training run"),
        (("export", "run", "--out", "models", "--set", "qat.epochs=3"), "changes nothing"),
        (
            ("export", "run", "--out", "m", "--variant", "float32", "--calibration-count", "9"),
            "--calibration-count changes nothing",
        ),
        (("export", "run", "--out", "models", "--keep", "0.5"), "slim.keep changes nothing in the variants"),
        (("export", "run", "--out", "m", "--variant", "int8-mixed"), "int8-mixed needs --keep-float"),
        (
            ("export", "run", "--out", "m", "--variant", "float16", "--keep-float", "down0"),
            "--keep-float makes int8-mixed, which is not among the variants",
        ),
        (("export", "run", "--out", "models", "--variant", "int8ptq"), "did you mean 'int8-ptq'"),
        (("export", "run", "--out", "models", "--variant", "int8-mix"), "did you mean 'int8-mixed'"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_code_2(arguments, sentence, tmp_path):
    refused(edgeseg(*arguments, cwd=tmp_path), sentence)
    assert list(tmp_path.iterdir()) == []


EDGE_MODULES = sorted(
    ".".join(("edgeseg", *path.relative_to("edgeseg").with_suffix("").parts)).removesuffix(".__init__")
    for path in Path("edgeseg").rglob("*.py")
    if path.parts[1] not in ("host", "__main__.py")
)


def test_the_edge_side_imports_without_tensorflow_and_without_plots():
    """Every module but those below host/, in a process where the heavy packages do not exist."""
    code = (
        "import importlib, sys\n"
        f"for name in {HEAVY!r}: sys.modules[name] = None\n"
        f"for name in {EDGE_MODULES!r}:\n    importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_host_commands_without_tensorflow_say_what_to_install(tmp_path):
    code = (
        "import sys\n"
        f"for name in {HEAVY!r}: sys.modules[name] = None\n"
        "from edgeseg.cli import main\n"
        f"sys.argv = ['edgeseg', 'export', {str(tmp_path)!r}, '--out', {str(tmp_path / 'out')!r}]\n"
        "main()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install 'edgeseg[train]'" in result.stderr
    assert "Traceback" not in result.stderr
