"""Vectorised NumPy execution: forward values, hand-written gradients, and derivatives by evaluation.

It is a witness against the symbolic derivation, so it shares nothing with it: this room imports NumPy and
the standard library only.

>>> import numpy as np
>>> from derive import execution
>>> execution.forward("softmax", {"x": np.array([1000.0, 0.0])})
array([1., 0.])
>>> execution.backward("relu", {"x": np.array([-1.0, 2.0])}, np.array([5.0, 5.0]))
{'x': array([0., 5.])}
"""

import importlib
import pkgutil

from derive.execution.differences import complex_step, five_point, hessian, jacobian
from derive.execution.registry import DomainError, Operation, backward, find, forward, names
from derive.execution.signature import ExecutionError

# Importing a family file enters its operations into the table.
for _module in sorted(one.name for one in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = [
    "DomainError",
    "ExecutionError",
    "Operation",
    "backward",
    "complex_step",
    "find",
    "five_point",
    "forward",
    "hessian",
    "jacobian",
    "names",
]
