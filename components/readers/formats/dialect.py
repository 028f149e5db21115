"""The characters that separate and quote the fields of delimited text."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property

from schemas.source_settings import CsvSettings

# Replaces a delimiter of several characters, which the csv module does not support.
_UNIT_SEPARATOR = "\x1f"
_PRIVATE_USE = range(0xE000, 0xF900)
_RESERVED = "\r\n\0"
_NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}


@dataclass(frozen=True)
class Dialect:
    r"""How a line is split into fields.

    Attributes:
      delimiter: One character or several.
      quote: The character that encloses fields; None if the text has no quoting.
      escape: The character after which a delimiter, a quote, a line end or itself is part of the
        field; None without one. Before any other character it is an ordinary one.

    >>> Dialect(",", escape="\\").split('a\\,b,"c\\"d",\\N')
    ['a,b', 'c"d', '\\N']
    """

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None

    @cached_property
    def _escapes(self) -> re.Pattern[str]:
        """Matches an escape character with what follows it; group 1 where it has no effect."""
        escape = re.escape(self.escape or "")
        special = "".join(
            map(re.escape, (self._separator, self.quote or "", self.escape or "", "\n"))
        )
        return re.compile(rf"{escape}(?:[{special}]|\Z)|({escape})")

    @property
    def _separator(self) -> str:
        return self.delimiter if len(self.delimiter) == 1 else _UNIT_SEPARATOR

    def is_plain(self, text: str) -> bool:
        """Returns whether a text has neither quotes nor escapes, so that its lines are rows."""
        return (self.quote is None or self.quote not in text) and (
            self.escape is None or self.escape not in text
        )

    def split(self, text: str) -> list[str] | None:
        """Splits a row into fields; None where it continues in the next line.

        If a single line has text after a closing quote, its quotes are part of the field.

        Raises:
          csv.Error: The row is malformed.
        """
        if self._separator != self.delimiter:
            if self._separator in text:
                return text.split(self.delimiter)
            text = text.replace(self.delimiter, self._separator)
        try:
            fields = self._parse(text, strict=True)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
            # A quote inside a field of one line may be intended; one that joins lines is stray.
            if "expected after" not in str(error) or "\n" in text:
                raise
            fields = self._with_literal_quotes(text)
        if self._separator == self.delimiter:
            return fields
        return [field.replace(self._separator, self.delimiter) for field in fields]

    def split_unquoted(self, text: str) -> list[str]:
        """Splits a line in which quotes have no meaning."""
        return text.split(self.delimiter)

    def _with_literal_quotes(self, text: str) -> list[str]:
        parts = text.split(self._separator)
        if self._separator != self.delimiter:
            return parts
        fields = self._parse(text, strict=False)
        if len(parts) != len(fields) or not self._has_no_escape(text):
            return fields
        return [self._unquoted(part) for part in parts]

    def _unquoted(self, part: str) -> str:
        try:
            return self._parse(part, strict=True)[0] if part else part
        except csv.Error:
            return part

    def _has_no_escape(self, text: str) -> bool:
        return self.escape is None or self.escape not in text

    def _parse(self, text: str, strict: bool) -> list[str]:
        line_end = "\n"
        if not self._has_no_escape(text):
            # The csv module does not read escaped line ends correctly.
            line_end = next(char for char in map(chr, _PRIVATE_USE) if char not in text)
            text = self._escapes.sub(lambda match: self._for_csv(match, line_end), text)
        reader = csv.reader(
            [text],
            delimiter=self._separator,
            quotechar=self.quote,
            quoting=csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL,
            escapechar=self.escape,
            strict=strict,
        )
        fields = next(reader)
        if line_end == "\n":
            return fields
        return [field.replace(line_end, "\n") for field in fields]

    def _for_csv(self, match: re.Match[str], line_end: str) -> str:
        """Replaces an escaped line end by `line_end`, and escapes an escape without effect."""
        if match[0].endswith("\n"):
            return line_end
        return match[0] + (match[1] or "")


def dialect_of(layout: CsvSettings) -> Dialect:
    """Returns the dialect of the settings. Doubled quotes need no escape character."""
    return Dialect(
        layout.delimiter, layout.quote, None if layout.escape == layout.quote else layout.escape
    )


def dialect_problem(layout: CsvSettings) -> str:
    """Returns what is wrong with the characters of the settings; "" if nothing is."""
    delimiter = layout.delimiter
    if meant := _meant_delimiter(delimiter):
        return (
            f"csv.delimiter: {delimiter!r} is the text of {len(delimiter)} characters; the "
            f"character itself is written in double quotes: delimiter: {yaml_text(meant)}"
        )
    for key in ("quote", "escape"):
        value = getattr(layout, key)
        if value is not None and (len(value) != 1 or value in _RESERVED or value.isspace()):
            return (
                f"csv.{key}: {value!r}, expected one character that is neither white space nor a "
                "line end, or none"
            )
    if set(delimiter) & {*_RESERVED, layout.quote, layout.escape}:
        return (
            f"csv.delimiter: {delimiter!r} contains a quote, an escape, a line end or a NUL "
            "character, which delimited text reserves; use another delimiter, or set csv.quote "
            "and csv.escape to what the files have (csv.quote: none for files without quoting)"
        )
    return ""


def _meant_delimiter(delimiter: str) -> str:
    r"""Returns the delimiter that is written as an escape sequence or a name; "" for others.

    >>> _meant_delimiter(r"\t"), _meant_delimiter("tab"), _meant_delimiter('","')
    ('\t', '\t', ',')
    >>> _meant_delimiter("::"), _meant_delimiter("\\|")
    ('', '')
    """
    text = delimiter.strip("'\"") if len(delimiter) > 2 else delimiter
    if text.lower() in _NAMED:
        return _NAMED[text.lower()]
    if re.fullmatch(r"\\([abtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{1,3})", text):
        return text.encode().decode("unicode_escape")
    if re.fullmatch(r"\^[A-Z]", text):
        return chr(ord(text[1]) - ord("A") + 1)
    return text if text != delimiter and len(text) == 1 else ""


def yaml_text(text: str) -> str:
    r"""Returns a text as YAML writes it in double quotes.

    >>> print(yaml_text("\t"), yaml_text("|"))
    "\t" "|"
    """
    escaped = text.encode("unicode_escape").decode().replace('"', '\\"')
    return f'"{escaped}"'
