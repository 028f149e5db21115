"""Baselines: simple recommenders, fitted on the train split and tuned on the eval split.

Items with equal scores are ordered by their number of training events, so that a user without
history gets the most popular items.
"""
