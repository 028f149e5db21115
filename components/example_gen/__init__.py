"""InteractionExampleGen: reads, cleans, splits and windows the interaction log."""

# Modules that other steps may import.
__all__ = ["event_parser"]
