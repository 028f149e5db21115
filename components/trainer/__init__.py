"""Trains the query tower and the candidate tower together, and exports them."""

# The packages that other steps may import: TowerRefit continues a training.
__all__ = ["data", "export", "fit", "model", "plan", "state"]
