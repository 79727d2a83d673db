"""`waypost demo`: the main job, end to end, on this machine, without a phone."""

import asyncio
import functools
import json
import signal
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from waypost.cli.demo import files, notes, stage
from waypost.cli.demo.calls import Gateway
from waypost.cli.demo.recipients import Recipient
from waypost.cli.demo.screen import Screen, StepFailed
from waypost.testing.processes import Pair, ProcessFailed

_CAPTION = "Your parcel is at the side door."


class Listener(StrEnum):
    """Who hears the notes."""

    CONTACT = "contact"
    BAILEYS = "baileys"


app = typer.Typer(add_completion=False)


@app.command()
def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Stay up afterwards and print curl commands to try.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the notes that arrived are written.")] = Path("demo-out"),
    recipient: Annotated[
        Listener, typer.Option(help="Who hears the notes: a sandbox contact, or Baileys (needs Node).")
    ] = Listener.CONTACT,
) -> None:
    """Start a gateway and an emulated network, pair them, send voice notes that are received and played."""
    screen = Screen(Console(soft_wrap=True))
    if sys.platform != "linux":
        screen.console.print(
            "The sandbox works on Linux only: elsewhere the engine can't be told to trust its certificate.\n"
            "What does not need it: `waypost voice convert`, and `waypost serve` with a real number.\n"
            "For the demo use a Linux container or virtual machine."
        )
        raise typer.Exit(2)
    _end_alike()
    try:
        asyncio.run(_play(screen, out, serve, recipient))
    except (StepFailed, ProcessFailed) as failure:
        screen.console.print("[red]failed[/]", end=" ")
        screen.console.print(str(failure), markup=False, highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(0 if serve else 130) from None


def _end_alike() -> None:
    """End on SIGTERM and on a closed terminal as on Ctrl-C: with all that was started, and its folder."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def _made(out: Path) -> None:
    """Make the folder of what arrives before anything is started. Raises StepFailed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise StepFailed(
            f"{out.absolute()} can't be written: {error.strerror}; name another by --out"
        ) from error


async def _play(screen: Screen, out: Path, serve: bool, listener: Listener) -> None:
    _made(out)
    with (
        tempfile.TemporaryDirectory(prefix="waypost-demo-") as folder,
        files.recordings() as recordings,
        files.served(recordings) as address,
    ):
        async with stage.running(screen, Path(folder), address) as (pair, gateway, sandbox):
            await stage.create_and_pair(screen, gateway, sandbox)
            async with stage.recipient(screen, sandbox, listener, Path(folder)) as recipient:
                await _send_all(screen, gateway, recipient, recordings, address, out)
                screen.table()
                if serve:
                    _print_commands(screen, pair, gateway, recordings, address)
                    await pair.gateway.wait()


async def _send_all(
    screen: Screen, gateway: Gateway, recipient: Recipient, recordings: Path, address: str, out: Path
) -> None:
    chat = recipient.chat_id
    with screen.step("voice note by url (mp3)"):
        by_url = await notes.deliver(
            screen,
            gateway,
            recipient,
            out,
            lambda: gateway.send_by_url(chat, f"http://{address}/greeting.mp3"),
        )
    with screen.step("voice note by multipart file (m4a)"):
        await notes.deliver(
            screen, gateway, recipient, out, lambda: gateway.send_file(chat, recordings / "greeting.m4a")
        )
    with screen.step("voice note by base64 file (webm)"):
        await notes.deliver(
            screen, gateway, recipient, out, lambda: gateway.send_base64(chat, recordings / "greeting.webm")
        )
    with screen.step("voice note with caption and reply_to (amr)"):
        first = by_url.request["response_body"]["key"]["id"]
        reply = {"caption": _CAPTION, "reply_to": first}
        captioned = await notes.deliver(
            screen,
            gateway,
            recipient,
            out,
            lambda: gateway.send_file(chat, recordings / "greeting.amr", reply),
        )
        notes.check_reply(captioned, first)
        await notes.check_caption(screen, recipient, captioned, _CAPTION)


def _print_commands(screen: Screen, pair: Pair, gateway: Gateway, recordings: Path, address: str) -> None:
    api = f"{pair.url}{gateway.base}"
    curl = f"curl -s --noproxy '*' -H 'Authorization: Bearer {gateway.token}' -H 'Accept: application/json'"
    chat = f"{stage.CONTACT_PHONE}@c.us"
    as_json = "-H 'Content-Type: application/json'"
    body = json.dumps({"chatId": chat, "url": f"http://{address}/greeting.mp3"})
    commands = {
        "JSON with a url": f"{curl} {as_json} -d '{body}' {api}/send-voice",
        "JSON with the file as base64": f'printf \'{{"chatId":"{chat}","file":"%s"}}\' '
        f"\"$(base64 < '{recordings}/greeting.amr' | tr -d '\\n')\" | "
        f"{curl} {as_json} -d @- {api}/send-voice",
        "multipart": f"{curl} -F 'chatId={chat}' -F 'file=@{recordings}/greeting.m4a' {api}/send-voice",
        "poll: the newest requests, and what became of them": f"{curl} '{api}/queued-requests?limit=5'",
        "what the contact received": f"'{sys.executable}' -m waypost sandbox inbox +{stage.CONTACT_PHONE} "
        f"--url {pair.control_url}",
    }
    say = functools.partial(screen.console.print, markup=False, highlight=False, soft_wrap=True)
    say(f"\nIt stays up; Ctrl-C ends it. Instance {gateway.instance}, contact {chat}, token {gateway.token}")
    say(f"In a browser: {pair.url}, signed in with that token. Or paste any of these:")
    for title, command in commands.items():
        say(f"\n# {title}\n{command}")
