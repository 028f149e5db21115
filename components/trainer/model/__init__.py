"""The two-tower model: features, encoders and towers."""
