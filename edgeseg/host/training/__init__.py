"""Training a U-Net. Needs TensorFlow."""
