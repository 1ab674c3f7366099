"""Suites that show that Banyan holds, and that run longer than a test may: `python -m holds --help`."""
