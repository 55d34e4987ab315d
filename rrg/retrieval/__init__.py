"""Exact nearest reports."""
