"""Transformed examples as windows, candidates and batches."""
