"""From a trained run to verified .tflite files. Needs TensorFlow."""
