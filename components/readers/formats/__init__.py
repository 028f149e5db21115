"""The input formats: one reader per format."""
