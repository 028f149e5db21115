"""Measures a retrieval model on held-out time, beside baselines, and decides whether to bless it."""
