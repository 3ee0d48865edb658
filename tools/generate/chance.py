"""Chance that repeats itself: the same numbers from a seed on every machine and Python version."""

from random import Random


def seeded(*parts: int) -> Random:
    """A sequence of its own for each combination of small whole numbers."""
    seed = 0
    for part in parts:
        seed = seed * 10_000_000 + part
    return Random(seed)  # noqa: S311 - test data; a seed that can be repeated is the point


def below(chance: Random, bound: int) -> int:
    """A whole number from 0 to `bound` - 1, by the one method that stays the same for ever."""
    return int(chance.random() * bound)
