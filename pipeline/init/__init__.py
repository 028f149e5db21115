"""The inference of a starter configuration from the files of a log: `twotower init`.

The flow is layout.py (format, delimiter, encoding, header) → sample.py (the first records) →
column.py (what the values of a column are) → log.py and entities.py (what a column is for) →
proposal.py (all sources together) → render.py (YAML with comments) and summary.py (messages).
"""
