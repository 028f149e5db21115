"""ConfigSchema: writes the data schemas derived from the configuration and a curated schema."""
