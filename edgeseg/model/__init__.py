"""A model file: the artifact and its sidecar, what it promises, and running it."""
