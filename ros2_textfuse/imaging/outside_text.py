"""Text that comes from outside, before it enters a message for people."""

LONGEST = 60  # characters


def shown(text: object, longest: int = LONGEST) -> str:
    """A text in one line of printable characters, shortened, with its length where that says more.

    Args:
        text: whatever a sender has put into a field.
        longest: characters that are shown.
    """
    whole = str(text)
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in whole[:longest])
    return line if len(whole) <= longest else f"{line}... ({len(whole)} characters)"
