"""The schemas that data is checked against: the configuration's, and what a curated file adds."""
