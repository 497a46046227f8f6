"""What `python -m benchmarks.selection` is made of: planted videos, arms, measures, paired differences, tables."""
