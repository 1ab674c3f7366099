"""What stops a measurement, said so that the reader knows what to do."""

from __future__ import annotations


class BenchError(Exception):
    """A run cannot go on; the text says what was wrong and what to do about it."""


class MissingProgramError(BenchError):
    """A program that is measured, or that measures, is not installed here."""
