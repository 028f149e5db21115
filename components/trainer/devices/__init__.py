"""Training on several devices: the replicas of a model, and the workers of a cluster."""
