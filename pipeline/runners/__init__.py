"""Runs the pipeline on this machine or compiles it for Vertex AI; reads and writes run records."""
