"""Sizes, parameters and operation counts, read off the definitions."""

from derive.counting.arithmetic import Counts, count_program, parameter_count, why_not_counted
from derive.counting.region import Region, regions

__all__ = ["Counts", "Region", "count_program", "parameter_count", "regions", "why_not_counted"]
