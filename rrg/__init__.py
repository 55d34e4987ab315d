"""Chest X-ray report generation with increasingly hard negatives (arXiv:2305.07176)."""

__version__ = "0.1.0"
