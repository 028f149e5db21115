"""CurrentModel: finds the currently served model version in the push destination."""

# Modules that other steps may import.
__all__ = ["state"]
