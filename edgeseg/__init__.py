"""edgeseg: cell segmentation from training to small devices, with its costs measured.

The names below are what programs may count on; docs/python.md shows them at work. Each is loaded when it is
first asked for, so that `import edgeseg` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

from edgeseg._version import __version__ as __version__

if TYPE_CHECKING:
    from edgeseg.api import Inspection as Inspection
    from edgeseg.api import Model as Model
    from edgeseg.api import Segmentation as Segmentation
    from edgeseg.api import bench_models as bench_models
    from edgeseg.api import check_models as check_models
    from edgeseg.api import export_models as export_models
    from edgeseg.api import inspect_model as inspect_model
    from edgeseg.api import open_model as open_model
    from edgeseg.api import read_image as read_image
    from edgeseg.api import train_model as train_model
    from edgeseg.bench.bench_options import QUICK as QUICK
    from edgeseg.bench.bench_options import BenchOptions as BenchOptions
    from edgeseg.errors import EdgesegError as EdgesegError
    from edgeseg.labels.regions import Cell as Cell
    from edgeseg.prediction.predict_options import PredictOptions as PredictOptions

__all__ = [
    "QUICK",
    "BenchOptions",
    "Cell",
    "EdgesegError",
    "Inspection",
    "Model",
    "PredictOptions",
    "Segmentation",
    "__version__",
    "bench_models",
    "check_models",
    "export_models",
    "inspect_model",
    "open_model",
    "read_image",
    "train_model",
]

#: Where the names lie that are not in `edgeseg.api`.
_ELSEWHERE = {
    "QUICK": "edgeseg.bench.bench_options",
    "BenchOptions": "edgeseg.bench.bench_options",
    "Cell": "edgeseg.labels.regions",
    "EdgesegError": "edgeseg.errors",
    "PredictOptions": "edgeseg.prediction.predict_options",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'edgeseg' has no attribute '{name}'")
    return getattr(importlib.import_module(_ELSEWHERE.get(name, "edgeseg.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
