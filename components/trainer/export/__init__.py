"""Exports the trained towers as a SavedModel with signatures."""
