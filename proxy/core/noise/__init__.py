"""Noise: which differences come from what neither side repeats, told without asking legacy once more."""
