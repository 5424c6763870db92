"""Keep what a study found without what it made: the records, histories and measurements, and its report.

    python benchmarks/collect_study.py STUDY benchmarks/results/study_small

`edgeseg study report` reads the copy as it reads the study itself. Networks, checkpoints and model files are
left out (their SHA-256 stand in the records), and so is the folder in which the data set lay.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from edgeseg import files
from edgeseg.host.study.findings.results import read_results
from edgeseg.host.study.report.contents import work_out
from edgeseg.host.study.report.render import FORMATS

#: What is kept, below the study's folder.
KEPT = ("study.toml", "tasks/*.json", "bench/*.json", "runs/**/history.csv")


def main() -> None:
    """Copy, and write the report in its three formats."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    study, out = arguments.study, arguments.out
    contents = work_out(read_results(study))
    shutil.rmtree(out, ignore_errors=True)
    for path in (path for pattern in KEPT for path in sorted(study.glob(pattern))):
        copy = out / path.relative_to(study)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    facts = json.loads((study / "study.json").read_text())
    facts["dataset"]["root"] = facts["dataset"]["name"]
    files.write_json(out / "study.json", facts)
    for suffix, render in FORMATS.items():
        files.write_text(out / f"study{suffix}", render(contents))
    print(f"{sum(path.stat().st_size for path in out.rglob('*') if path.is_file()):,} bytes in {out}")


if __name__ == "__main__":
    main()
