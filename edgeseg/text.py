"""Words and figures in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 cell`, `2 cells`, `0 cells`; for nouns whose plural ends in s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
