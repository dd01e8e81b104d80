"""What a user may cause: one base class, and the error that more than one room raises.

Every room has errors of its own beside what raises them. All derive from `TextfuseError`: `cli.main` prints the
message of one and nothing else. Any other exception is a fault of textfuse and shows its traceback.
"""


class TextfuseError(Exception):
    """Something that a user may cause; the message says what was wrong, what was expected and what to do."""


class WeightsError(TextfuseError, RuntimeError):
    """Weights of a network or a detector cannot be used; the message names the file, what is wrong, and the cure."""
