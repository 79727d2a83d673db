"""Measurements: `python -m bench` prints ratios from one run each."""
