"""The lineage of a served version: which data, code, configuration and run made it."""
