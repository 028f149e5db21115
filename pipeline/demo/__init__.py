"""The embedded demo log: a generated world whose true choice model is known."""
