"""Make the small .tflite files beside this script: networks of several channels and maps, with fresh weights.

Needs TensorFlow; the files are kept, so that the tests need none.
"""

from pathlib import Path

import numpy as np

from edgeseg.host.training.keras import keras, tf

HERE = Path(__file__).parent
SIZE = 32


def network(channels, maps, *, end="sigmoid", outputs=1):
    """One convolution that sees a neighbourhood, and one for each output."""
    keras.utils.set_random_seed(7)
    image = keras.layers.Input((SIZE, SIZE, channels), batch_size=1, name="image")
    found = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    found = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(found)
    # Steep, so that a map has pixels on both sides of a half.
    starts = [keras.initializers.RandomNormal(stddev=3.0, seed=seed) for seed in range(3, 3 + outputs)]
    last = [keras.layers.Conv2D(maps, 1, kernel_initializer=start, activation=end) for start in starts]
    return keras.Model(image, [layer(found) for layer in last])


def convert(model, *, low=0.0, high=1.0, io=None):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if io is None:
        return converter.convert()
    channels = model.input_shape[3]

    def images():
        rng = np.random.default_rng(1)
        for _ in range(20):
            image = rng.uniform(low, high, (1, SIZE, SIZE, channels)).astype(np.float32)
            image[0, 0, :2] = [[low], [high]]
            yield [image]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = images
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = io
    return converter.convert()


def main():
    cells, classes = network(3, 4), network(1, 3, end="softmax")
    files = {
        "rgb_4maps_float32": convert(cells),
        "rgb_4maps_int8": convert(cells, io=tf.int8),
        "grey_3classes_int8": convert(classes, io=tf.int8),
        "grey_2outputs_float32": convert(network(1, 1, outputs=2)),
        "grey_2outputs_int8": convert(network(1, 1, outputs=2), io=tf.int8),
        "signed_uint8": convert(network(1, 1), low=-1.0, io=tf.uint8),
        "signed_int8": convert(network(1, 1), low=-1.0, io=tf.int8),
        "logits_int8": convert(network(1, 1, end="linear"), io=tf.int8),
        "odd_input_int8": convert(network(1, 1), low=-2.1, high=2.6, io=tf.int8),
    }
    for name, data in files.items():
        (HERE / f"{name}.tflite").write_bytes(data)


if __name__ == "__main__":
    main()
