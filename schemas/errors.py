"""Errors that the user can fix, as opposed to faults of the program."""


class InputError(ValueError):
    """A file, a record, a column or a setting is invalid. The message states cause and remedy."""
