"""Approximate search compared with other libraries at equal recall."""
