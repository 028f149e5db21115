"""Item features that change with time: popularity, age and first appearance."""
