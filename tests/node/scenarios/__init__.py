"""The scenarios: data, one module for each group of sections of the catalogue."""
