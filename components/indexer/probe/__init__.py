"""Loads the exported bundle in a new process, calls its signatures and measures them."""
