"""Ingestion of the interaction log: files in, windows of tf.Examples and refused records out."""
