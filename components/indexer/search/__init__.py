"""Exact and ScaNN search, and the tuning of ScaNN."""
