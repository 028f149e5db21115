"""Train/serve parity: whether the exported signatures compute what the training code computes."""
