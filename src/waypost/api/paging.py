"""Which part of a list a call asks for."""

from waypost.errors import InvalidRequest

# Longer than any number that is asked for. Python reads no text of more than 4,300 digits as a number, and
# takes long for those just below.
_DIGITS = 18


def number(text: str | None, name: str, unless_given: int, least: int, most: int) -> int:
    """The parameter `name` as a number from `least` to `most`. Raises InvalidRequest."""
    if text is None:
        return unless_given
    found = whole(text)
    if found is None or not least <= found <= most:
        raise InvalidRequest({name: [f"The {name} must be {least} to {most}."]})
    return found


def cursor(text: str | None) -> int | None:
    """Where a page begins, as the page before told it. Raises InvalidRequest."""
    found = None if text is None else whole(text)
    if text is not None and found is None:
        raise wrong_cursor()
    return found


def wrong_cursor() -> InvalidRequest:
    """For a cursor that no page has told."""
    return InvalidRequest({"cursor": ["The cursor is the next_cursor of another page."]})


def whole(text: str) -> int | None:
    """A number of ASCII digits, at most eighteen of them; None for every other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
