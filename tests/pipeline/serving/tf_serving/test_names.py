"""Names of Kubernetes objects are DNS labels, and the names of two models differ."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.tf_serving.names import object_name

# Names of models in a configuration, and names of Services (RFC 1035).
MODELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LONGEST_SUFFIX = "-models"


@given(MODELS)
def test_a_name_is_a_dns_label_with_every_suffix(model: str) -> None:
    name = object_name(model) + LONGEST_SUFFIX
    assert SERVICE.fullmatch(name)
    assert len(name) <= 63


@given(MODELS, MODELS)
def test_two_models_have_two_names(first: str, second: str) -> None:
    # Not even a model with the name that another one was given.
    for other in (second, object_name(first)):
        assert (object_name(first) == object_name(other)) == (first == other)


def test_ordinary_names_stay_as_they_are() -> None:
    assert [object_name(name) for name in ("demo", "shop-2")] == ["demo", "shop-2"]
