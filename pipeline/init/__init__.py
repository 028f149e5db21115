"""The inference of a starter configuration from the files of a log: `twotower init`.

The flow is layout.py (format, delimiter, encoding, header) → sample.py (the first records) →
column.py (what the values of a column are) → log.py, items.py and users.py (what a column is for)
→ render.py (YAML with comments).
"""
