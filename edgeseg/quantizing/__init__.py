"""From a float .tflite file to quantized ones, without TensorFlow. Needs the extra `quantize`."""
