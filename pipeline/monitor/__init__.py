"""Compares the traffic of a served model with what was evaluated, and with what users did next."""
