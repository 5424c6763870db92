"""A study of two small networks."""

#: Of the first network alone.
ALSO = """[also.pruned-70]
variant = "pruned"
combinations = ["bce+adam"]
pruning.sparsity = 0.7
"""

#: A network that learns blobs in seconds.
TRAINING = """[training]
base_filters = 4
levels = 3
input_size = 64
crop_size = 64
learning_rate = 5e-3
epochs = 8
batch_size = 6
"""

PLAN = f"""
dataset = "data"
preset = "unet-8"
combinations = ["bce+adam", "jaccard-bce+rmsprop"]
variants = ["float32", "pruned", "slim", "slim-int8-ptq"]

{TRAINING}
[pruning]
epochs = 2

[slim]
target_bytes = 1000

{ALSO}
[bench]
rounds = 1
seconds = 0.02
samples = 3
warmup_seconds = 0.02
panels = 1

[needs.train]
memory_gb = 0.5
[needs.fine-tune]
memory_gb = 0.5
[needs.export]
memory_gb = 0.5
"""


def plan_of(dataset):
    """The text of the study on a data set."""
    return PLAN.replace('"data"', f'"{dataset.root}"')
