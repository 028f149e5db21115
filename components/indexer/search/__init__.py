"""Exact search, ScaNN search, and the tuning of ScaNN."""
