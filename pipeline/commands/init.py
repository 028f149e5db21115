"""`twotower init`: writes a starter configuration for a log, or the demo log and its own."""

from collections.abc import Iterable
from dataclasses import dataclass

from components.readers.source_columns import check_source
from pipeline.commands.output_file import check_new_file, write_file
from pipeline.config.load import settings_of_text
from pipeline.console import Console
from pipeline.init.proposal import propose
from pipeline.init.render import render
from pipeline.init.summary import summary
from pipeline.init.words import Role
from pipeline.init.yaml_lines import printable
from schemas.errors import InputError
from schemas.settings import Settings

_COLUMN_ROLES = (Role.USER, Role.ITEM, Role.TIME, Role.EVENT_TYPE, Role.VALUE, Role.EVENT_ID)


@dataclass(frozen=True)
class InitOptions:
    """What `twotower init` reads and writes.

    Attributes:
      log: The path of the log.
      items: The path of the catalogue, if there is one.
      users: The path of the users file, if there is one.
      columns: Texts of the form FIELD=COLUMN, for columns that are not to be inferred.
      output: The configuration file; NAME.yaml if it is None.
      force: Whether an existing file is overwritten.
    """

    log: str
    items: str | None = None
    users: str | None = None
    columns: tuple[str, ...] = ()
    output: str | None = None
    force: bool = False


def init_command(options: InitOptions, console: Console) -> None:
    """Writes a starter configuration and prints what was found.

    Args:
      options: What is read and written.
      console: Receives the findings as progress, and the path of the file as result.

    Raises:
      InputError: The log cannot be used, or the file exists or cannot be written.
    """
    if options.output is not None:
        check_new_file(options.output, options.force)
    wanted = parse_columns(options.columns)
    proposal = propose(options.log, options.items, options.users, wanted)
    path = options.output or f"{proposal.name}.yaml"
    check_new_file(path, options.force)
    text = render(proposal, path)
    _check_files(settings_of_text(text, path))
    write_file(path, text)
    for line in summary(proposal):
        console.progress.write(f"{printable(line)}\n")
    console.progress.write(f"Next: twotower ingest {path}, then twotower run {path}\n")
    console.result.write(f"{path}\n")


def parse_columns(texts: Iterable[str]) -> dict[Role, str]:
    """Returns the column of each field that is given as FIELD=COLUMN.

    Raises:
      InputError: A text has another form, or a field is unknown or given twice.
    """
    fields = {role.value: role for role in _COLUMN_ROLES}
    wanted: dict[Role, str] = {}
    for text in texts:
        field, separator, column = text.partition("=")
        if not separator or not column or field not in fields:
            raise InputError(
                f"--column {text}: expected FIELD=COLUMN with a field of {', '.join(fields)}, e.g. "
                "--column user_id=customer"
            )
        if fields[field] in wanted:
            raise InputError(f"--column {text}: {field} is given twice; remove one")
        wanted[fields[field]] = column
    return wanted


def _check_files(settings: Settings) -> None:
    """Checks that the files have the columns of the configuration."""
    for key in ("interactions", "items", "users"):
        source = getattr(settings, key)
        if source is not None:
            check_source(key, source)
