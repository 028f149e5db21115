"""Simple recommenders that a model has to beat: fitted on the train split, tuned on the eval split.

Each ranks items that its own score ties by training popularity, as anyone deploying it would, so a
user without history gets the popular items.
"""
