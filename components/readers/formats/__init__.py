"""The input formats: a reader for each, and the `table` that lists them."""
