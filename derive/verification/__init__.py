"""The witnesses brought together: derived formula, executor, differences, PyTorch where installed."""

from derive.verification.verify import TOLERANCES, Verification, verify, verify_all

__all__ = ["TOLERANCES", "Verification", "verify", "verify_all"]
