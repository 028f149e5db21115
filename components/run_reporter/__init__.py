"""RunReporter: writes metrics.json, run.json and report.html from the fragments of the steps."""
