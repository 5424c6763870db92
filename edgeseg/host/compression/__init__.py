"""Fine-tuning a trained run towards a smaller file: quantization-aware, pruned, slimmed. Needs TensorFlow."""
