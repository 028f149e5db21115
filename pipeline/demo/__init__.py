"""The generator of the demo log, a synthetic event log whose true choice model is known."""
