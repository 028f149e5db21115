"""The served model and its export."""
