"""Tokens of a text in plain Python: Unicode categories, slices, and the parser of HTML."""

import html
import unicodedata
from html.parser import HTMLParser

_WITHOUT_TEXT = ("script", "style")


def words(text: str) -> list[str]:
    """Returns the lower-case runs of letters, numbers and marks that begin with no mark."""
    runs: list[str] = []
    is_inside = False
    for character in text:
        kind = unicodedata.category(character)[0]
        if kind in "LN" and not is_inside:
            runs.append("")
        is_inside = kind in "LN" or (kind == "M" and is_inside)
        if is_inside:
            runs[-1] += character
    return [run.lower() for run in runs]


def characters(word: str) -> list[str]:
    """Returns the characters of a word, each with the marks that follow it."""
    found: list[str] = []
    for character in word:
        if unicodedata.category(character)[0] == "M" and found:
            found[-1] += character
        else:
            found.append(character)
    return found


def ngrams(text: str, lengths: tuple[int, ...]) -> list[str]:
    """Returns the n-grams of each word, by length and place; a shorter word is one token."""
    tokens: list[str] = []
    for word in words(text):
        letters = characters(word)
        of_word = [
            "".join(letters[start : start + length])
            for length in lengths
            for start in range(len(letters) - length + 1)
        ]
        tokens += of_word or [word]
    return tokens


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(" ")
        self._hidden = tag if tag in _WITHOUT_TEXT else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(" ")
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)

    def handle_comment(self, data: str) -> None:
        self.parts.append(" ")

    def handle_entityref(self, name: str) -> None:
        self.parts.append(html.unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.parts.append(html.unescape(f"&#{name};"))


def without_html(markup: str) -> str:
    """Returns the text of complete HTML; tags and comments are spaces."""
    parser = _Text()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts).replace("\u00ad", "")
