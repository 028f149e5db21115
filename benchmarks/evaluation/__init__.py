"""Speed and memory of ranking the whole catalogue."""
