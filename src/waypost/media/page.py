"""What a web page says of itself for whoever links to it."""

import msgspec


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Texts may be empty; `image` is an address as the page has it, perhaps a relative one."""

    title: str = ""
    description: str = ""
    image: str | None = None
