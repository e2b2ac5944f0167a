"""The witnesses brought together: the derived formula, the executor, differences, and PyTorch where installed."""

from derive.verification.verify import TOLERANCES, Verification, verify, verify_all

__all__ = ["TOLERANCES", "Verification", "verify", "verify_all"]
