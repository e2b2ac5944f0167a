"""Derive deep-learning mathematics step by step, and check worked solutions line by line."""

__version__ = "0.1.0"
