"""What Transform computes: vocabularies, statistics and the graph that serving repeats."""
