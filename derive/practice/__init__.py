"""Solve and work through problems and expressions: formula, substituted numbers, result."""
