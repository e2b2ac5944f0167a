"""Sizes, parameters and operation counts, read off the definitions."""

from derive.counting.arithmetic import Counts, count_program, parameter_count

__all__ = ["Counts", "count_program", "parameter_count"]
