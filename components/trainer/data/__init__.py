"""Reads transformed examples: windows, the candidate table, and batches."""
