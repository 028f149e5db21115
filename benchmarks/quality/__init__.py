"""Quality and cost of the whole pipeline on public logs."""
