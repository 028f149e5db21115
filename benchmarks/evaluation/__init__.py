"""Speed and memory of the evaluator's ranking of a whole catalogue."""
