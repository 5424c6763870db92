"""Measuring a model file: size, latency, memory and segmentation quality."""
