"""`waypost sandbox …`: what people do with their phones beside writing."""

from collections.abc import Callable
from typing import Annotated

import typer

from waypost.cli.sandbox_screen import AsJson, Number, Url, ask, say
from waypost.sandbox.account_views import Doing, Done
from waypost.sandbox.client import DEFAULT_URL


def type_code(
    phone: Number,
    code: Annotated[str, typer.Argument(metavar="CODE")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Type a pairing code: link the instance that shows it."""
    linked = ask(url, lambda sandbox: sandbox.type_code(phone, code))
    say(linked, as_json, f"{linked.phone} is linked to device {linked.device}.")


def state(phone: Number, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show what a phone knows: its profile, address book, starred messages, settings of chats."""
    known = ask(url, lambda sandbox: sandbox.phone_state(phone))
    lines = [f"name {known.name or '-'}", f"about {known.about or '-'}"]
    lines.append("online" if known.available else "offline")
    lines += [f"contact {one.phone} {one.name}" for one in known.contacts]
    lines += [f"star {one.id} in {one.chat}" for one in known.starred]
    lines += [f"blocked {one}" for one in known.blocked]
    say(known, as_json, "\n".join(lines))


def save_contact(
    phone: Number,
    other: Annotated[str, typer.Argument(metavar="+NUMBER")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Save somebody in a phone's address book; its instances learn the name."""
    known = ask(url, lambda sandbox: sandbox.save_contact(phone, other, name))
    say(known, as_json, f"{phone} knows {other} as {name}.")


def does(
    contact: Number,
    what: Doing,
    to: Annotated[str | None, typer.Option("--to", help="The phone in whose chat it types.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let a contact be online or not, type, or record."""
    devices = ask(url, lambda sandbox: sandbox.does(contact, what, to))
    say(Done(devices), as_json, f"{devices} devices were told.")


ON_PHONES: dict[str, Callable[..., None]] = {"code": type_code, "state": state, "save-contact": save_contact}
