"""`waypost sandbox act …`: what a contact sends beside texts and files; `waypost sandbox call`."""

from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.sandbox_screen import AsJson, Url, ask, say
from waypost.sandbox.act_views import Act, AskPoll, Edit, GiveVote, HandCard, React, Revoke, ShowPlace
from waypost.sandbox.client import DEFAULT_URL
from waypost.sandbox.views import Send

acts = typer.Typer(
    no_args_is_help=True, help="Let a contact react, edit, take back, ask, vote, show a place."
)

From = Annotated[str, typer.Option("--from", help="The contact that does it.")]
To = Annotated[str, typer.Option("--to", help="The phone it is for, or a group (…@g.us).")]
About = Annotated[str, typer.Option("--about", help="Id of the message that it is about.")]
Options = Annotated[list[str], typer.Option("--option", help="An answer; once for each.")]


@acts.command("react")
def react(
    sender: From,
    to: To,
    about: About,
    emoji: Annotated[str, typer.Argument(help="An emoji; empty takes it away.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Put an emoji on a message."""
    _send(sender, to, React(about, emoji), url, as_json)


@acts.command("edit")
def edit(
    sender: From, to: To, about: About, text: str, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Put other words into a text of the contact's."""
    _send(sender, to, Edit(about, text), url, as_json)


@acts.command("revoke")
def revoke(sender: From, to: To, about: About, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Take a message of the contact's back."""
    _send(sender, to, Revoke(about), url, as_json)


@acts.command("poll")
def poll(
    sender: From,
    to: To,
    name: str,
    options: Options,
    selectable: Annotated[int, typer.Option(help="How many may be chosen; 0 for any number.")] = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Ask a question with answers to choose from."""
    _send(sender, to, AskPoll(name, options, selectable), url, as_json)


@acts.command("vote")
def vote(
    sender: From, to: To, about: About, options: Options, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Vote on a poll that the contact knows."""
    _send(sender, to, GiveVote(about, options), url, as_json)


@acts.command("location")
def location(
    sender: From,
    to: To,
    latitude: Annotated[float, typer.Option("--latitude", help="Degrees.")],
    longitude: Annotated[float, typer.Option("--longitude", help="Degrees.")],
    name: Annotated[str | None, typer.Option(help="What the place is called.")] = None,
    live: Annotated[bool, typer.Option("--live", help="A place that moves.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show a place."""
    _send(sender, to, ShowPlace(latitude, longitude, name, live), url, as_json)


@acts.command("card")
def card(
    sender: From,
    to: To,
    name: str,
    vcard: Annotated[Path, typer.Option("--vcard", exists=True, dir_okay=False, help="A vCard file.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Hand out a contact card."""
    _send(sender, to, HandCard(name, vcard.read_text(encoding="utf-8")), url, as_json)


def call(
    sender: From,
    to: Annotated[str, typer.Option("--to", help="The phone that rings.")],
    video: Annotated[bool, typer.Option("--video", help="With a picture.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let a contact call an instance."""
    called = ask(url, lambda sandbox: sandbox.call(sender, to, video=video))
    say(called, as_json, f"{called.id} rings on {called.devices} devices.")


def _send(sender: str, to: str, act: Act, url: str, as_json: bool) -> None:
    sent = ask(url, lambda sandbox: sandbox.send(sender, Send(to=to, act=act)))
    say(sent, as_json, f"{sent.id} is on its way to {sent.devices} devices.")
