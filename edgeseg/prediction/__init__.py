"""Masks, overlays and a table of cells from images of any size."""
