"""The red team: what can be made of what Similis stores. `python -m benchmarks.inversion DATA`."""
