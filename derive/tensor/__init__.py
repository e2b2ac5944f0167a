"""Index notation and its calculus: knows sizes, sums and derivatives, and no deep learning."""
