"""Load and faults of the development server (`pipeline.serving`)."""
