"""Foreign annotations into a data set: one module a format."""
