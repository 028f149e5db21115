"""Where a pipeline runs: locally, or compiled for Vertex AI."""
