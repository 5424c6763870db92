"""A quantized file against its float file: masks, and the error of every layer."""
