"""Problem files: where they are, what they hold, and whether they are well-formed."""

from derive.bank.problem import Part, Problem, ProblemError, Sample
from derive.bank.store import all_problems, find_problem, load_problem, problem_folder

__all__ = [
    "Part",
    "Problem",
    "ProblemError",
    "Sample",
    "all_problems",
    "find_problem",
    "load_problem",
    "problem_folder",
]
