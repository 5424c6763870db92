"""Definitions of every figure of quality, and how sure it is."""
