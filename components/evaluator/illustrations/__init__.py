"""Examples of what the model does: users with their lists, misses, and a map of the items."""
