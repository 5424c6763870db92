#!/bin/sh
# StarDist in an environment of its own: `sh make_environment.sh [FOLDER]`, by default .venv beside this file,
# which git ignores. Takes 2.6 GB. Run again, it brings an environment to the pinned versions.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/.venv}
python=${PYTHON:-python3.11}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || {
    echo "expected Python 3.11 as $python, for which the versions are pinned; name one: PYTHON=/path/to/python3.11" >&2
    exit 2
}
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
"$folder/bin/python" -c 'import importlib.metadata as m; print("stardist", m.version("stardist"), "is ready")'
echo "run the scripts with $folder/bin/python"
