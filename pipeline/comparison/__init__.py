"""The comparison of two finished runs: what differs between their records and their metrics."""
