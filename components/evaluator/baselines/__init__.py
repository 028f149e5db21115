"""Simple recommenders, fitted on the train split alone, that a model has to beat.

Each ranks items that its own score ties by training popularity, as anyone deploying it would, so a
user without history gets the popular items.
"""
