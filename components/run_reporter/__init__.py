"""RunReporter: gathers what every step said into metrics.json, run.json and report.html."""
