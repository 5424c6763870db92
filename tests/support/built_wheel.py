"""The wheel that users get, built from what is here now."""

import shutil
import subprocess
import sys

from support.paths import ROOT


def build_wheel(folder):
    """Build it inside `folder`, away from what earlier builds left here; its path."""
    source = folder / "source"
    shutil.copytree(ROOT / "edgeseg", source / "edgeseg", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, source]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path
