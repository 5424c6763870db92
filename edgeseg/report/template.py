"""Pages from templates: one file each, with their style and their script, which may load nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from edgeseg._version import __version__
from edgeseg.report.drawing import extra_is_missing

_FOLDER = Path(__file__).parent


def fill(template: str, *, folder: Path = _FOLDER, **shown: Any) -> str:
    """The text of a page.

    Args:
        template: name of the file; it extends `layout.html.jinja`.
        folder: where it lies; what is not there is looked for beside the layout.
        shown: what the template shows.

    Raises:
        MissingDependencyError: the extra `report` is not installed.
    """
    try:
        import jinja2
        import markupsafe
    except ImportError as error:
        raise extra_is_missing(error) from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _FOLDER]), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    text = environment.get_template(template).render(
        **shown,
        version=__version__,
        style=markupsafe.Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704  our own
        script=markupsafe.Markup(script),  # noqa: S704  our own
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        safe=markupsafe.Markup,  # for what Vega drew, which escapes what it writes
    )
    return text.lstrip()
