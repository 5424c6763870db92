"""From a Keras model to the bytes of a .tflite file: the only module that calls the converter."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.data.calibration import representative_dataset
from edgeseg.errors import CheckError, TrainingError
from edgeseg.host.training.keras import tf
from edgeseg.model.recipe import Recipe
from edgeseg.native_output import captured_stderr


def convert(model: Any, recipe: Recipe, calibration: npt.NDArray[np.uint8] | None = None) -> bytes:
    """Convert a model with a static shape.

    Args:
        model: a Keras model of a static shape, from `rebuild_for_export` or `compression.qat.exportable`.
        recipe: what to make of it.
        calibration: `(N, H, W)` uint8 prepared images, for a recipe that is calibrated.

    Returns:
        The bytes of the file; the same for the same model, recipe and images.

    Raises:
        TrainingError: a weight is NaN or infinite.
        CheckError: the converter fails.
    """
    _refuse_non_finite(model)
    converter = tf.lite.TFLiteConverter.from_keras_model(_inference_of(model))
    if recipe.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if recipe.calibrated:
        if calibration is None:
            raise ValueError(f"{recipe.variant} needs calibration images")
        converter.representative_dataset = representative_dataset(calibration)
        # Only integer kernels: an operator without one is an error, never a silent float island. (The
        # converter takes this together with calibration images only; the audit looks at every file.)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if recipe.io == "int8":
        converter.inference_input_type = converter.inference_output_type = tf.int8
    said: list[str] = []
    try:
        with warnings.catch_warnings(), captured_stderr(said):
            warnings.simplefilter("ignore")  # "Statistics for quantized inputs were expected": they came
            return bytes(converter.convert())
    except Exception as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise CheckError(f"the TFLite converter could not make {recipe.variant}: {reason}") from error


def _inference_of(model: Any) -> Any:
    """Nothing of a Keras model but its inference, for the same bytes in a fifth of the time.

    The converter saves what it is given as a SavedModel first. For a Keras model this traces every layer on
    its own, several times; of a module with one function, it saves that function.
    """
    (image,), (name,) = model.inputs, model.output_names
    inference = tf.Module()
    inference.variables_read = list(model.variables)  # saved with the function that reads them
    inference.serve = tf.function(
        lambda images: {name: model(images, training=False)},
        input_signature=[tf.TensorSpec(image.shape, image.dtype, name=image.name)],
    )
    return inference


def _refuse_non_finite(model: Any) -> None:
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise TrainingError(
                f"the weights {weight.name} hold NaN or infinite values; "
                "train again with a lower learning_rate"
            )
