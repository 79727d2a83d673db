"""`waypost sandbox …`: run the emulated network, and hold the other phone in your hand."""

import asyncio
import contextlib
import ipaddress
import mimetypes
import signal
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import typer
from rich.table import Column, Table

from waypost.cli.exits import fail
from waypost.cli.sandbox_account import ON_PHONES, does
from waypost.cli.sandbox_acts import acts, call
from waypost.cli.sandbox_groups import groups
from waypost.cli.sandbox_screen import AsJson, Number, Removed, Url, ask, one_sentence, say, show
from waypost.sandbox.client import DEFAULT_URL, SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import Attachment, ContactView, InboxMessage, NewContact, PhoneView, Send
from waypost.telemetry import make_log

T = TypeVar("T")
_POLL: Final = 30.0
_DELIVERED, _READ, _PLAYED = 0.0, 1.0, 2.0

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The emulated WhatsApp network.")
phones = typer.Typer(help="Virtual phones that instances are linked to; without a command, list them.")
contacts = typer.Typer(help="Contacts that answer; without a command, list them.")
app.add_typer(phones, name="phones", invoke_without_command=True)
app.add_typer(contacts, name="contacts", invoke_without_command=True)
app.add_typer(groups, name="groups", invoke_without_command=True)
app.add_typer(acts, name="act")
app.command("does")(does)
app.command("call")(call)
for _name, _command in ON_PHONES.items():
    phones.command(_name)(_command)

SentFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file of that kind.")]
Seconds = Annotated[float | None, typer.Option(help="Seconds; negative = never.")]


class Ready(msgspec.Struct, frozen=True):
    """Where a sandbox listens."""

    control_url: str
    proxy_url: str


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise typer.BadParameter("That is not an IP address.") from error


@app.command()
def serve(
    data: Annotated[Path, typer.Option(help="Folder of its state.")] = Path("sandbox-data"),
    host: Annotated[str, typer.Option(help="IP address to listen on.", parser=_address)] = "127.0.0.1",
    control_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the control API; 0 = any.")
    ] = 8790,
    proxy_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port that engines connect through; 0 = any.")
    ] = 8791,
    as_json: AsJson = False,
) -> None:
    """Run the network until Ctrl-C; its addresses are printed when it is ready."""
    settings = SandboxSettings(data=data, host=host, control_port=control_port, proxy_port=proxy_port)
    with one_sentence():
        try:
            asyncio.run(_serve(settings, as_json))
        except OSError as error:
            fail(f"The sandbox can't listen there: {error.strerror or error}.")


@phones.callback()
def list_phones(context: typer.Context, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List the phones and what is linked to them."""
    if context.invoked_subcommand is None:
        show(ask(url, lambda sandbox: sandbox.phones()), as_json, _phone_table)


@phones.command("add")
def add_phone(
    phone: Number,
    name: Annotated[str, typer.Option(help="What contacts see.")] = "",
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Create a phone."""
    show([ask(url, lambda sandbox: sandbox.add_phone(phone, name))], as_json, _phone_table)


@phones.command("scan")
def scan(
    phone: Number,
    qr: Annotated[str, typer.Option(help="The text in the QR code.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Scan a QR code: link the instance that shows it."""
    linked = ask(url, lambda sandbox: sandbox.scan(phone, qr))
    say(linked, as_json, f"{linked.phone} is linked to device {linked.device}.")


@phones.command("unlink")
def unlink(
    phone: Number,
    device: Annotated[int | None, typer.Option(help="One device; otherwise all.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Log linked instances out, as the phone's owner can."""
    gone = ask(url, lambda sandbox: sandbox.unlink(phone, device))
    say(gone, as_json, f"{len(gone.devices)} unlinked.")


@phones.command("remove")
def remove_phone(phone: Number, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Delete a phone; the instances linked to it are logged out."""
    ask(url, lambda sandbox: sandbox.remove_phone(phone))
    say(Removed(phone), as_json, f"{phone} is removed.")


@contacts.callback()
def list_contacts(context: typer.Context, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List the contacts."""
    if context.invoked_subcommand is None:
        show(ask(url, lambda sandbox: sandbox.contacts()), as_json, _contact_table)


@contacts.command("add")
def add_contact(
    phone: Number,
    name: Annotated[str, typer.Option(help="Its name.")] = "",
    delivered_after: Seconds = _DELIVERED,
    read_after: Seconds = _READ,
    played_after: Seconds = _PLAYED,
    registered_as: Annotated[str | None, typer.Option(help="The number that the check corrects to.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Create a contact that confirms after these delays."""
    new = NewContact(
        phone,
        name,
        delivered_after=_never(delivered_after),
        read_after=_never(read_after),
        played_after=_never(played_after),
        registered_as=registered_as,
    )
    show([ask(url, lambda sandbox: sandbox.add_contact(new))], as_json, _contact_table)


@contacts.command("remove")
def remove_contact(phone: Number, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Delete a contact and its inbox."""
    ask(url, lambda sandbox: sandbox.remove_contact(phone))
    say(Removed(phone), as_json, f"{phone} is removed.")


@app.command()
def inbox(
    contact: Number,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more until Ctrl-C.")] = False,
    save: Annotated[Path | None, typer.Option(help="Folder for the files received.")] = None,
    after: Annotated[int, typer.Option(help="Only what came after this number.")] = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what a contact received, decrypted."""
    with contextlib.suppress(KeyboardInterrupt):
        ask(url, lambda sandbox: _read(sandbox, contact, after, follow, save, as_json))


@app.command()
def send(
    sender: Annotated[str, typer.Option("--from", help="The contact that writes.")],
    to: Annotated[str, typer.Option("--to", help="The phone it writes to, or a group (…@g.us).")],
    text: Annotated[str | None, typer.Option(help="A text.")] = None,
    audio: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A voice note (Ogg Opus).")
    ] = None,
    image: SentFile = None,
    video: SentFile = None,
    document: SentFile = None,
    sticker: SentFile = None,
    caption: Annotated[str | None, typer.Option(help="Of an image, a video or a document.")] = None,
    view_once: Annotated[bool, typer.Option("--view-once", help="Of an image or a video.")] = False,
    seconds: Annotated[int, typer.Option(help="How long the note or the video says it is.")] = 1,
    reply_to: Annotated[str | None, typer.Option(help="Id of the message that it answers.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let a contact write to an instance, or to a group that it is in."""
    files = {"image": image, "video": video, "document": document, "sticker": sticker}
    given = [(kind, path) for kind, path in files.items() if path is not None]
    if (text is not None) + (audio is not None) + len(given) != 1:
        raise typer.BadParameter("Give one of --text, --audio, --image, --video, --document and --sticker.")
    message = Send(
        to=to,
        text=text,
        audio=None if audio is None else audio.read_bytes(),
        file=_attachment(*given[0], caption, seconds, view_once) if given else None,
        seconds=seconds,
        reply_to=reply_to,
    )
    sent = ask(url, lambda sandbox: sandbox.send(sender, message))
    say(sent, as_json, f"{sent.id} is on its way to {sent.devices} devices.")


def _attachment(kind: str, path: Path, caption: str | None, seconds: int, view_once: bool) -> Attachment:
    return msgspec.convert(
        {
            "kind": kind,
            "data": path.read_bytes(),
            "mimetype": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            "caption": caption,
            "filename": path.name,
            "seconds": seconds if kind == "video" else 0,
            "view_once": view_once,
        },
        Attachment,
    )


async def _serve(settings: SandboxSettings, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with start_sandbox(settings, log=make_log("info", "text")) as sandbox:
        ready = Ready(sandbox.control_url, sandbox.proxy_url)
        say(ready, as_json, f"control {ready.control_url}\nproxy   {ready.proxy_url}")
        await stop.wait()


async def _read(
    sandbox: SandboxClient, contact: str, after: int, follow: bool, save: Path | None, as_json: bool
) -> None:
    while True:
        page = await sandbox.inbox(contact, after, _POLL if follow else 0.0)
        for message in page.messages:
            typer.echo(msgspec.json.encode(message).decode() if as_json else _line(message))
            if save is not None and message.media == "ok":
                data = await sandbox.media(contact, message.seq)
                await asyncio.to_thread(_save, save, message, data)
        if not page.messages and not follow:
            return
        after = page.last


def _save(folder: Path, message: InboxMessage, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = message.fields.get(message.type)
    mimetype = part.get("mimetype", "") if isinstance(part, dict) else ""
    suffix = ".ogg" if message.audio is not None else mimetypes.guess_extension(mimetype) or ".bin"
    (folder / f"{message.seq}{suffix}").write_bytes(data)


def _line(message: InboxMessage) -> str:
    body = message.text
    if body is None:
        body = msgspec.json.encode(message.fields).decode()
    if message.audio is not None:
        kind = "voice note" if message.audio.ptt else "audio"
        body = f"{kind}, {message.audio.seconds} s, media {message.media}"
    elif message.media != "none" and isinstance(part := message.fields.get(message.type), dict):
        size = f"{part['width']}×{part['height']}, " if "width" in part else ""
        caption = "" if message.text is None else f" “{message.text}”"
        body = f"{part.get('mimetype')}, {size}media {message.media}{caption}"
    quote = f" (answers {message.quoted_id})" if message.quoted_id else ""
    again = f" ×{message.times}" if message.times > 1 else ""
    where = f" in {message.group}" if message.group else ""
    return f"{message.seq} {message.sender}{where} {message.type}: {body}{quote}{again}"


def _never(delay: float | None) -> float | None:
    return None if delay is None or delay < 0 else delay


def _phone_table(views: list[PhoneView]) -> Table:
    table = Table(Column("phone", no_wrap=True), "name", "linked devices")
    for view in views:
        linked = ", ".join(f"{row.device} ({'online' if row.online else 'offline'})" for row in view.devices)
        table.add_row(view.phone, view.name, linked or "none")
    return table


def _contact_table(views: list[ContactView]) -> Table:
    numbers = (Column("contact", no_wrap=True), "name", Column("registered as", no_wrap=True))
    table = Table(*numbers, "delivered", "read", "played", "messages")
    for view in views:
        delays = [_delay(value) for value in (view.delivered_after, view.read_after, view.played_after)]
        table.add_row(view.phone, view.name, view.registered_as, *delays, str(view.messages))
    return table


def _delay(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:g} s"
