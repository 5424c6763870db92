"""Make the model files of this folder: tiny untrained U-Nets, one for each thing the audit must see.

Needs the extra `train`; writes beside itself. The files are committed, so that the tests need no
TensorFlow: run this only to add one.
"""

import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

SIZE = 32


def block(x, filters):
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))


def up(x, filters, decoder):
    if decoder == "nearest":
        return block(keras.layers.UpSampling2D(interpolation="nearest")(x), filters)
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
    return keras.layers.BatchNormalization()(x) if decoder == "transpose-norm" else x


def unet(decoder="transpose", *, base=4):
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 1), batch_size=1)
    skip = block(image, base)
    x = block(keras.layers.MaxPool2D()(skip), 2 * base)
    x = block(keras.layers.Concatenate()([skip, up(x, base, decoder)]), base)
    return keras.Model(image, keras.layers.Conv2D(1, 1, activation="sigmoid")(x))


def images():
    rng = np.random.default_rng(0)
    return ([rng.random((1, SIZE, SIZE, 1), dtype=np.float32)] for _ in range(8))


def convert(model, *, io=tf.float32, **settings):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.inference_input_type = converter.inference_output_type = io
    converter.target_spec.supported_types = settings.pop("supported_types", [])
    for name, value in settings.items():
        setattr(converter, name, value)
    return converter.convert()


def pruned(model, share):
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose)):
            cut = np.quantile(np.abs(values[0]), share)
            values[0] = np.where(np.abs(values[0]) < cut, 0, values[0])
            layer.set_weights(values)
    return model


def quantization_aware(model):
    model = tfmot.quantization.keras.quantize_model(model)
    model.compile("adam", "bce")
    batch = next(images())[0]
    model.fit(batch, (batch > 0.5).astype(np.float32), epochs=2, verbose=0)
    return model


def main():
    smaller = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    sparse = {"optimizations": [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]}
    calibrated = {**smaller, "representative_dataset": images}
    made = {
        "float16": convert(unet(), supported_types=[tf.float16], **smaller),
        "dynamic_int8": convert(unet(base=8), **smaller),
        "sparse": convert(pruned(unet(base=8), 0.8), **sparse),
        "int8_nearest": convert(unet("nearest"), io=tf.int8, **calibrated),
        "int8_float_io": convert(unet(), **calibrated),
        "int8_per_tensor": convert(unet(), io=tf.int8, _experimental_disable_per_channel=True, **calibrated),
        "int8_float_island": convert(quantization_aware(unet("transpose-norm")), io=tf.int8, **smaller),
    }
    for name, data in made.items():
        Path(__file__).with_name(f"{name}.tflite").write_bytes(data)


if __name__ == "__main__":
    main()
