"""Train/serve parity: what training answers to a few queries, and whether serving answers alike."""
