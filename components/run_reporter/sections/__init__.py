"""The sections of the report: one module for each, which arranges the values of its template."""
