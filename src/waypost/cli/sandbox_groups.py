"""`waypost sandbox groups …`: groups of the emulated network."""

from typing import Annotated, Final, Literal

import msgspec
import typer
from rich.table import Column, Table

from waypost.cli.sandbox_screen import AsJson, Number, Removed, Url, ask, say, show
from waypost.sandbox.client import DEFAULT_URL
from waypost.sandbox.group_views import GroupPatch, GroupView, InviteView, MembersChange, NewGroup

Action = Literal["add", "remove", "promote", "demote"]
_ACTIONS: Final[dict[str, Action]] = {
    "add": "add",
    "remove": "remove",
    "promote": "promote",
    "demote": "demote",
}

groups = typer.Typer(help="Groups of phones and contacts; without a command, list them.")


class Left(msgspec.Struct, frozen=True):
    """The number that is not in the group any more."""

    left: str


Group = Annotated[str, typer.Argument(metavar="GROUP", help="Its JID, …@g.us.")]
Members = Annotated[list[str], typer.Argument(metavar="+NUMBER…")]
By = Annotated[str | None, typer.Option("--by", help="The member that does it; else the owner.")]


@groups.callback()
def list_groups(context: typer.Context, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List the groups."""
    if context.invoked_subcommand is None:
        show(ask(url, lambda sandbox: sandbox.groups.every()), as_json, _table)


@groups.command("add")
def add_group(
    subject: Annotated[str, typer.Argument(help="Its name.")],
    owner: Annotated[str, typer.Option("--owner", help="The phone or contact that creates it.")],
    member: Annotated[list[str], typer.Option("--member", help="Somebody else in it; may be repeated.")] = [],  # noqa: B006 - Typer's way to repeat an option
    announce: Annotated[bool, typer.Option(help="Only admins write.")] = False,
    locked: Annotated[bool, typer.Option(help="Only admins change its facts.")] = False,
    by_number: Annotated[bool, typer.Option(help="Members know each other by number, not by LID.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Create a group."""
    new = NewGroup(
        subject=subject,
        owner=owner,
        members=member,
        announce=announce,
        locked=locked,
        addressing="pn" if by_number else "lid",
    )
    show([ask(url, lambda sandbox: sandbox.groups.create(new))], as_json, _table)


@groups.command("members")
def members(
    group: Group,
    action: Annotated[str, typer.Argument(help="add, remove, promote or demote.")],
    numbers: Members,
    by: By = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Change who is in a group and who is admin."""
    if action not in _ACTIONS:
        raise typer.BadParameter("The action is add, remove, promote or demote.")
    change = MembersChange(action=_ACTIONS[action], members=numbers, by=by)
    show([ask(url, lambda sandbox: sandbox.groups.members(group, change))], as_json, _table)


@groups.command("change")
def change(
    group: Group,
    subject: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    description: Annotated[str | None, typer.Option(help="Its new description; empty: none.")] = None,
    announce: Annotated[bool | None, typer.Option(help="Whether only admins write.")] = None,
    locked: Annotated[bool | None, typer.Option(help="Whether only admins change its facts.")] = None,
    by: By = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Change a group's subject, description or settings."""
    patch = GroupPatch(by=by, subject=subject, description=description, announce=announce, locked=locked)
    show([ask(url, lambda sandbox: sandbox.groups.change(group, patch))], as_json, _table)


@groups.command("leave")
def leave(group: Group, phone: Number, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a member go."""
    ask(url, lambda sandbox: sandbox.groups.leave(group, phone))
    say(Left(phone), as_json, f"{phone} has left.")


@groups.command("invite")
def invite(group: Group, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the invite link."""
    found: InviteView = ask(url, lambda sandbox: sandbox.groups.invite(group))
    say(found, as_json, found.link)


@groups.command("remove")
def remove(group: Group, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Delete a group; nobody is told."""
    ask(url, lambda sandbox: sandbox.groups.remove(group))
    say(Removed(group), as_json, f"{group} is removed.")


def _table(views: list[GroupView]) -> Table:
    table = Table(Column("group", no_wrap=True), "subject", "members", "settings")
    for view in views:
        names = ", ".join(
            member.phone + ("" if member.role == "member" else f" ({member.role})") for member in view.members
        )
        settings = [name for name, so in (("announce", view.announce), ("locked", view.locked)) if so]
        table.add_row(view.id, view.subject, names, ", ".join([view.addressing, *settings]))
    return table
