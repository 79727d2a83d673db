"""What links an instance to its phone, drawn in the terminal until the phone has taken it."""

import time
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from waypost.cli.exits import fail
from waypost.cli.own_name import command
from waypost.cli.screen import console as make_console
from waypost.client import TooManyCalls, Waypost
from waypost.client.instance import Instance
from waypost.client.shapes import CreatedInstance, InstanceWithCode, InstanceWithPairingCode
from waypost.instances.qr import terminal

Shown = InstanceWithCode | CreatedInstance
_LOOK_SECONDS: Final = 1.0
_TYPE_HOW: Final = "On the phone: WhatsApp, Linked devices, Link with phone number, and type this code."
_HOW: Final = "On the phone: WhatsApp, Linked devices, Link a device, and scan this code."


def qr_code(instance: Instance) -> InstanceWithCode:
    """A QR code to scan: a new one, or the one that is shown where new ones were asked for too often."""
    try:
        return instance.request_new_qr_code()
    except TooManyCalls:
        shown = instance.qr_code()
        if not shown.qr_text:
            raise
        return shown


def pairing_code(instance: Instance) -> InstanceWithPairingCode:
    """The same of a code to type."""
    try:
        return instance.request_pairing_code()
    except TooManyCalls:
        shown = instance.pairing_code()
        if not shown.pairing_code:
            raise
        return shown


def until_scanned(waypost: Waypost, shown: Shown) -> None:
    """Draw the current code, look every second, end when the instance works or can't any more."""
    console = make_console()
    if shown.network == "sandbox":
        console.print("This instance is on the sandbox. Scan it with one of its phones, in another terminal:")
        console.print(_scan_command(shown), soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.print(_drawn(shown))
    instance = waypost.instance(shown.id)
    with Live(fitting(console, shown), console=console, auto_refresh=False) as live:
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
            live.update(fitting(console, shown), refresh=True)
            time.sleep(_LOOK_SECONDS)
    fail(health.reason_message)


def until_typed(waypost: Waypost, shown: InstanceWithPairingCode) -> None:
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


def fitting(console: Console, shown: Shown) -> Text:
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


def _scan_command(shown: Shown) -> str:
    phone, waypost = shown.phone, command()
    if not shown.qr_text:
        return f"  {waypost} sandbox phones add {phone}"
    scan = f"{waypost} sandbox phones scan {phone} --qr '{shown.qr_text}'"
    return f"  {waypost} sandbox phones add {phone} && {scan}"


def _drawn(shown: Shown) -> Text:
    if not shown.qr_text:
        return Text(shown.reason_message or "A QR code is being fetched.")
    return Text(f"{terminal(shown.qr_text)}\n{_HOW}\nIt is renewed by itself.", no_wrap=True)
