"""Speed and memory of ingestion, compared with other programs that write the same examples."""
