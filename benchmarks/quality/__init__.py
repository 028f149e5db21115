"""Quality, time and memory of the whole pipeline on public logs."""
