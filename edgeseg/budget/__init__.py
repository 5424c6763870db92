"""Limits on model files, kept in budgets.toml, and whether the files keep them."""
