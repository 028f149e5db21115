"""Trains the query tower and the candidate tower together, and exports them."""
