"""From towers and a catalogue to the bundle that serves: a ScaNN model and its op-free twin."""
