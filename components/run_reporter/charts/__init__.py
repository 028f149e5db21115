"""Charts of the report as Vega-Lite specifications, one module for each family of charts."""
