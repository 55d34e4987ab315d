"""Radiographs made from a CT."""
