"""A local web page on which people try out the pushed versions of a run."""
