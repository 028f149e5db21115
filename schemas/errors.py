"""Errors that are the user's to cure, told apart from faults of the program."""


class InputError(ValueError):
    """A file, a record, a column or a setting is unfit. The message says cause and cure."""
