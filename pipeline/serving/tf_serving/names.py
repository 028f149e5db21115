"""Names of Kubernetes objects for a model."""

import hashlib

# The limit of a DNS label is 63; the rest is for suffixes such as "-scann".
_MAX_LENGTH = 48
_DIGEST_LENGTH = 8
_DERIVED_PREFIX = "m-"


def object_name(model: str) -> str:
    """Returns the part of the names of objects that stands for a model.

    The name of a Service is a DNS label that begins with a letter (RFC 1035). The name of a model
    may begin with a digit, and may be longer. The names of two models differ.

    >>> object_name("shop")
    'shop'
    >>> object_name("2024-shop")
    'm-2024-shop-c06da664'

    Args:
      model: Name of the model: lower-case letters, digits and inner hyphens.
    """
    is_derived = model.startswith(_DERIVED_PREFIX)
    if model[0].isalpha() and len(model) <= _MAX_LENGTH and not is_derived:
        return model
    digest = hashlib.sha256(model.encode()).hexdigest()[:_DIGEST_LENGTH]
    length = _MAX_LENGTH - len(_DERIVED_PREFIX) - len(digest) - 1
    return f"{_DERIVED_PREFIX}{model[:length].rstrip('-')}-{digest}"
