"""Builds the served bundle from towers and catalogue: a ScaNN model and its portable twin."""
