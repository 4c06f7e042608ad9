"""Benchmarks: `make bench`, or `python -m benchmarks`. Figures are ratios within one run, medians of its rounds."""
