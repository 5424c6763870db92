"""What needs TensorFlow: training, compression, export and the study."""
