"""Input files: found, opened, and read as batches of columns, whatever their format."""
