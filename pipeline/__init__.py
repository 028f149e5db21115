"""The pipeline: configuration, graph, runners and the command."""
