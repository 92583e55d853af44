"""What answers are worth: suites, measures, reports."""
