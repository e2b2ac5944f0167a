"""What every test may use: one seeded generator, and Hypothesis without clocks or chance."""

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("derive", deadline=None, derandomize=True, database=None)
settings.load_profile("derive")


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator with a fixed seed, fresh for every test."""
    return np.random.default_rng(20260119)
