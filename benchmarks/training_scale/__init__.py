"""Time and memory of the trainer, by number of items and of targets."""
