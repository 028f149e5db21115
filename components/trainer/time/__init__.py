"""Time: features of timestamps, and item features that change with time."""
