"""Banyan: a strangler-fig reverse proxy."""

__version__ = "0.1.0"
