"""Measures a retrieval model on held-out time, beside baselines, and blesses it or not."""
