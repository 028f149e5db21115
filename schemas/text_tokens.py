"""How the texts of a feature become tokens: the settings of kind `text`, checked and complete."""

from dataclasses import dataclass

from schemas.source_settings import FeatureKind, FeatureSettings

# Unigrams and bigrams, as Lucene's CJKBigramFilter with `outputUnigrams`: most words of Chinese
# have one or two characters, and longer n-grams are too rare in short texts to be learnt.
DEFAULT_NGRAMS = (1, 2)
# The settings that apply to kind `text` alone, with the values that change nothing.
_TEXT_SETTINGS = {"tokens": "words", "ngrams": None, "html": "keep"}


@dataclass(frozen=True)
class TokenRules:
    """How a text becomes tokens.

    Attributes:
      ngrams: Lengths of the character n-grams; empty if the tokens are words.
      strips_html: Whether HTML markup is removed first.
    """

    ngrams: tuple[int, ...] = ()
    strips_html: bool = False


WORDS = TokenRules()


def token_rules(place: str, settings: FeatureSettings) -> TokenRules:
    """Returns the rules of a feature; those of words for a feature of another kind.

    Args:
      place: The key of the feature in the configuration, for messages.
      settings: The feature's settings.

    Raises:
      ValueError: A setting of text is given for another kind, n-grams for words, or a length of
        n-grams twice. The message names the key.
    """
    if settings.kind is not FeatureKind.TEXT:
        _check_other_kind(place, settings)
        return WORDS
    strips_html = settings.html == "strip"
    if settings.tokens == "words":
        if settings.ngrams is not None:
            raise ValueError(
                f"{place}.ngrams: applies to tokens: characters, but the tokens are words; remove "
                f"it, or set {place}.tokens: characters"
            )
        return TokenRules(strips_html=strips_html)
    ngrams = DEFAULT_NGRAMS if settings.ngrams is None else settings.ngrams
    if len(set(ngrams)) < len(ngrams):
        raise ValueError(
            f"{place}.ngrams: {list(ngrams)} has a length twice, so that its n-grams would count "
            "twice; list each length once"
        )
    return TokenRules(ngrams, strips_html)


def _check_other_kind(place: str, settings: FeatureSettings) -> None:
    for key, neutral in _TEXT_SETTINGS.items():
        if getattr(settings, key) != neutral:
            raise ValueError(
                f"{place}.{key}: applies to kind text, but the kind is {settings.kind.value}; "
                f"remove it, or set {place}.kind: text"
            )
