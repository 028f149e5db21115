"""The settings of texts: their defaults, and the combinations that have no effect."""

from typing import Any

import pytest

from schemas.settings import from_dict
from schemas.source_settings import FeatureSettings
from schemas.text_tokens import TokenRules, token_rules

PLACE = "items.features.title"


def rules(**settings: Any) -> TokenRules:
    return token_rules(PLACE, from_dict(FeatureSettings, {"kind": "text", **settings}))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, TokenRules()),
        ({"tokens": "words", "html": "keep"}, TokenRules()),
        ({"html": "strip"}, TokenRules(strips_html=True)),
        ({"tokens": "characters"}, TokenRules((1, 2))),
        ({"tokens": "characters", "ngrams": [1], "html": "strip"}, TokenRules((1,), True)),
        ({"kind": "category"}, TokenRules()),
    ],
)
def test_rules(settings: dict[str, Any], expected: TokenRules) -> None:
    assert rules(**settings) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ngrams": [2]}, f"{PLACE}.ngrams: applies to tokens: characters"),
        ({"tokens": "characters", "ngrams": [2, 3, 2]}, f"{PLACE}.ngrams: .* a length twice"),
        ({"kind": "category", "tokens": "characters"}, f"{PLACE}.tokens: applies to kind text"),
        ({"kind": "categories", "ngrams": [2]}, f"{PLACE}.ngrams: .* the kind is categories"),
        ({"kind": "number", "html": "strip"}, f"{PLACE}.html: .* set {PLACE}.kind: text"),
    ],
)
def test_settings_without_effect(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rules(**settings)
