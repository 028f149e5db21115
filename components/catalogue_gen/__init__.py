"""Ingestion of the item catalogue: the set of candidates, each with its content."""
