"""What Transform computes: vocabularies, statistics and the graph that serving repeats."""

# Modules that other steps may import.
__all__ = ["vocabularies"]
