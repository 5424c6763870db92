"""Data sets: reading, checking, importing and synthesizing them."""
