"""Transform: vocabularies, feature statistics, and the transform graph that serving reuses."""

# Modules that other steps may import.
__all__ = ["vocabularies"]
