"""The search methods of the comparison: one module per library, all with the same interface."""
