"""Readers of the input: files of every format, and BigQuery queries, as batches of columns."""
