"""Ingestion of the interaction log: files in, windows of tf.Examples and rejected records out."""

# Modules that other steps may import.
__all__ = ["event_parser"]
