"""`waypost instance`: connect accounts to a running gateway."""

import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from waypost.cli.connection import AsJson, TokenText, Url, fail, gateway, named, show_json
from waypost.cli.own_name import command
from waypost.client import Waypost
from waypost.client.shapes import CreatedInstance, Done, InstanceWithCode, InstanceWithPairingCode
from waypost.instances.instance import NetworkName
from waypost.instances.qr import terminal

app = typer.Typer(no_args_is_help=True, help="Create, connect and look after instances (WhatsApp accounts).")

Name = Annotated[str, typer.Argument(metavar="INSTANCE", help="Name or id.")]
_LOOK_SECONDS = 1.0
_Shown = InstanceWithCode | CreatedInstance
_TYPE_HOW = "On the phone: WhatsApp, Linked devices, Link with phone number, and type this code."
_HOW = "On the phone: WhatsApp, Linked devices, Link a device, and scan this code."


@app.command()
def create(
    name: Annotated[str, typer.Option(help="A name that no other instance has.")],
    phone: Annotated[str, typer.Option(help="The account's number in full, with +.")],
    network: Annotated[
        NetworkName | None, typer.Option(help="whatsapp or sandbox; the gateway's default unless given.")
    ] = None,
    id: Annotated[str | None, typer.Option(help="A UUID to keep, when you switch from elsewhere.")] = None,
    wait: Annotated[bool, typer.Option(help="Draw the QR code until it was scanned.")] = True,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Create an instance; draws its QR code and renews it until it was scanned."""
    with gateway(url, token) as waypost:
        made = waypost.create_instance(phone, name, network=network, id=id)
        if as_json:
            show_json(made)
            return
        typer.echo(f"Instance {made.name}: {made.id}")
        typer.echo(f"Its token, shown this once: {made.access_token}")
        if wait:
            _until_scanned(waypost, made)


@app.command("list")
def list_instances(url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """List the instances."""
    with gateway(url, token) as waypost:
        found = waypost.instances()
    if as_json:
        show_json(found)
        return
    table = Table("name", "phone", "status", "why", "network")
    table.add_column("id", no_wrap=True, min_width=36)  # it is copied from here: never shortened
    for one in found:
        table.add_row(one.name, one.phone, one.status, one.reason_message, one.network, one.id)
    Console().print(table)


@app.command()
def qr(instance: Name, url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """Draw the QR code and renew it until it was scanned."""
    with gateway(url, token) as waypost:
        shown = waypost.instance(named(waypost, instance).id).request_new_qr_code()
        if as_json:
            show_json(shown)
            return
        _until_scanned(waypost, shown)


@app.command()
def pair(
    instance: Name,
    code: Annotated[
        bool, typer.Option("--code", help="Show a code to type into the phone, not a QR code.")
    ] = False,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Link the instance to its phone."""
    if not code:
        qr(instance, url, token, as_json)
        return
    with gateway(url, token) as waypost:
        shown = waypost.instance(named(waypost, instance).id).request_pairing_code()
        if as_json:
            show_json(shown)
            return
        _until_typed(waypost, shown)


@app.command("set")
def change(
    instance: Name,
    caption_as_text: Annotated[bool, typer.Option(help="Whether a caption follows a voice note as a text.")],
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Change the settings of an instance."""
    with gateway(url, token) as waypost:
        changed = waypost.instance(named(waypost, instance).id).change(caption_as_text=caption_as_text)
    if as_json:
        show_json(changed)
    else:
        follows = "follows its note as a text" if changed.caption_as_text else "is not sent"
        typer.echo(f"{changed.name}: a caption {follows}.")


@app.command()
def restart(instance: Name, url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """Connect the instance anew."""
    with gateway(url, token) as waypost:
        _told(waypost.instance(named(waypost, instance).id).restart(), as_json)


@app.command()
def logout(instance: Name, url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """Unlink the instance from its phone."""
    with gateway(url, token) as waypost:
        _told(waypost.instance(named(waypost, instance).id).logout(), as_json)


@app.command()
def delete(
    instance: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Delete the instance; its queued requests end with a reason."""
    if not yes:
        typer.confirm(f"Delete {instance} and end its queued requests?", abort=True)
    with gateway(url, token) as waypost:
        _told(waypost.instance(named(waypost, instance).id).delete(), as_json)


def _told(answer: Done, as_json: bool) -> None:
    if as_json:
        show_json(answer)
    else:
        typer.echo(answer.message)


def _until_scanned(waypost: Waypost, shown: _Shown) -> None:
    """Draw the current code, look every second, end when the instance works or can't any more."""
    console = Console()
    if shown.network == "sandbox":
        console.print("This instance is on the sandbox. Scan it with one of its phones, in another terminal:")
        console.print(_scan_command(shown), soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.print(_drawn(shown))
    instance = waypost.instance(shown.id)
    with Live(_fitting(console, shown), console=console, auto_refresh=False) as live:
        while True:
            health = instance.health()
            if health.status == "WORKING":
                live.update(Text(f"{shown.name} is connected."), refresh=True)
                return
            if health.status in ("FAILED", "STOPPED"):
                # In the place of the code: it is of no use any more.
                live.update(Text(), refresh=True)
                break
            code = instance.qr_code()
            if code.qr_text and code.qr_text != shown.qr_text:
                shown = code
                if not console.is_terminal:
                    console.print(_drawn(shown))
                if shown.network == "sandbox":
                    console.print(_scan_command(shown), soft_wrap=True, highlight=False)
            shown = msgspec.structs.replace(shown, reason_message=health.reason_message)
            live.update(_fitting(console, shown), refresh=True)
            time.sleep(_LOOK_SECONDS)
    fail(health.reason_message)


def _until_typed(waypost: Waypost, shown: InstanceWithPairingCode) -> None:
    """Say the current code, look every second, end when the instance works or can't any more."""
    instance, said = waypost.instance(shown.id), None
    while True:
        health = instance.health()
        if health.status == "WORKING":
            typer.echo(f"{shown.name} is connected.")
            return
        if health.status in ("FAILED", "STOPPED"):
            fail(health.reason_message)
        shown = instance.pairing_code()
        if shown.pairing_code and shown.pairing_code != said:
            said = shown.pairing_code
            typer.echo(f"{said}\n{_TYPE_HOW}")
            if shown.network == "sandbox":
                typer.echo(f"  {command()} sandbox phones code {shown.phone} {said}")
        time.sleep(_LOOK_SECONDS)


def _scan_command(shown: _Shown) -> str:
    phone, waypost = shown.phone, command()
    if not shown.qr_text:
        return f"  {waypost} sandbox phones add {phone}"
    scan = f"{waypost} sandbox phones scan {phone} --qr '{shown.qr_text}'"
    return f"  {waypost} sandbox phones add {phone} && {scan}"


def _drawn(shown: _Shown) -> Text:
    if not shown.qr_text:
        return Text(shown.reason_message or "A QR code is being fetched.")
    return Text(f"{terminal(shown.qr_text)}\n{_HOW}\nIt is renewed by itself.", no_wrap=True)


def _fitting(console: Console, shown: _Shown) -> Text:
    """The code where the terminal is high and wide enough for it: half a code can't be scanned."""
    if not console.is_terminal:
        return Text()
    drawn = _drawn(shown)
    lines = drawn.plain.splitlines()
    width, height = max(map(len, lines)), len(lines)
    if width <= console.width and height < console.height:
        return drawn
    return Text(
        f"The QR code needs {width} columns and {height + 1} lines, this terminal has {console.width} and "
        f"{console.height}: enlarge the window or make its font smaller, and the code is drawn."
    )
