"""Labels of published versions, as TensorFlow Serving accepts them."""

# The label of the version that serves.
STABLE = "stable"
LABEL_PATTERN = r"[a-zA-Z0-9_]+"
