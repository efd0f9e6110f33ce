"""``python -m benchmarks``: time to the same objective, on the same data, in the same run."""
