"""Ingestion speed and memory compared with other programs."""
