"""Titled sections of text and tables, as aligned text for the console or as Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from components.run_reporter.summary import align
from components.run_reporter.table import Table

_MAX_CELL_CHARACTERS = 60


@dataclass(frozen=True)
class Section:
    """A section of a result.

    Attributes:
      title: Its title.
      text: A sentence; "" for none.
      table: Its table, without rows if there is nothing to show. Heads may be empty texts.
    """

    title: str
    text: str = ""
    table: Table = field(default_factory=lambda: Table([], []))


def render_text(sections: Iterable[Section]) -> str:
    """Returns sections as text with aligned columns; long cells are cut.

    >>> print(render_text([Section("Data", "One file.", Table(["key", "A"], [["read", "12"]]))]))
    Data
    One file.
      key   A
      read  12
    <BLANKLINE>
    """
    blocks = []
    for section in sections:
        lines = [section.title, *([section.text] if section.text else [])]
        if section.table.rows:
            rows = [section.table.heads] if any(section.table.heads) else []
            cells = [[_cut(cell) for cell in row] for row in (*rows, *section.table.rows)]
            lines += [f"  {line}" for line in align(cells, left=len(cells[0]))]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def render_markdown(title: str, sections: Iterable[Section]) -> str:
    r"""Returns sections as a document in GitHub Flavored Markdown.

    >>> print(render_markdown("A", [Section("Data", table=Table(["key"], [["a|b"]]))]))
    # A
    <BLANKLINE>
    ## Data
    <BLANKLINE>
    | key |
    | --- |
    | a\|b |
    <BLANKLINE>
    """
    blocks = [f"# {_escaped(title)}"]
    for section in sections:
        blocks.append(f"## {section.title}")
        if section.text:
            blocks.append(_escaped(section.text))
        if section.table.rows:
            blocks.append(_table(section.table))
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    rule = ["---"] * len(table.heads)
    rows = [table.heads, rule, *([_escaped(cell) for cell in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    for character in "\\|*_`<>[":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _cut(cell: str) -> str:
    cell = " ".join(cell.split())
    return cell if len(cell) <= _MAX_CELL_CHARACTERS else f"{cell[: _MAX_CELL_CHARACTERS - 1]}…"
