"""Decides which Keras is used, once: import `keras` and `tf` from here, and nowhere else.

tensorflow-model-optimization takes Keras 2 models only (tf-keras; model-optimization issues 1144 and
1270), so every model is a Keras 2 model.
"""

from __future__ import annotations

import os

from edgeseg.errors import MissingDependencyError
from edgeseg.native_output import captured_stderr

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

try:
    # Importing, and the first look for a GPU, write remarks that no setting silences.
    with captured_stderr([]):
        import tensorflow as tf
        import tf_keras as keras

        tf.config.list_physical_devices("GPU")
except ImportError as problem:
    raise MissingDependencyError(
        f"training and exporting need TensorFlow: install it with `pip install 'edgeseg[train]'` ({problem})"
    ) from problem

if not keras.__version__.startswith("2."):
    raise MissingDependencyError(
        f"expected Keras 2 (the package tf-keras), but got Keras {keras.__version__}; "
        "install the tested set with `pip install 'edgeseg[train]'`"
    )

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf"]
