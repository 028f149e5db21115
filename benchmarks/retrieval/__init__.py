"""Approximate search of this project and of other libraries, compared at equal recall."""
