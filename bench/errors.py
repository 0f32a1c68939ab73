"""What can keep the benchmark from being run."""

from __future__ import annotations


class BenchError(Exception):
    """One sentence: what is missing or went wrong, and what to do."""
