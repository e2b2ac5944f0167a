"""What is wrong with a problem."""


class ProblemError(ValueError):
    """A problem file is not well-formed or not there; the message says where and what would work."""
