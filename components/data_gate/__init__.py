"""DataGate: checks the data against its gates before training starts."""
