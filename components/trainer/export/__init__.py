"""The SavedModel of the trained towers and its signatures."""
