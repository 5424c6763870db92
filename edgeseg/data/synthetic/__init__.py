"""Synthetic images of cells with their truth."""
