"""Decides whether the data is fit to train on, before anything is trained."""
