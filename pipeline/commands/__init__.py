"""One module per command of `twotower`."""
