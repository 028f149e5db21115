"""The step in which the proven towers learn the rest of the log before they are pushed."""
