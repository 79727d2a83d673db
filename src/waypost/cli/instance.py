"""`waypost instance`: connect accounts to a running gateway."""

from typing import Annotated, Literal

import typer

from waypost.cli.connection import gateway, named
from waypost.cli.exits import USAGE, fail
from waypost.cli.instance_codes import pairing_code, qr_code, until_scanned, until_typed
from waypost.cli.instance_settings import PACING_NAMES, calls_of, facts, pacing_of
from waypost.cli.options import AsJson, Name, TokenText, Url
from waypost.cli.screen import moment, show_facts, show_json, show_rows
from waypost.client.shapes import Done
from waypost.instances.instance import NetworkName

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Create, connect and look after instances (WhatsApp accounts).",
)


@app.command()
def create(
    name: Annotated[str, typer.Option(metavar="NAME", help="A name that no other instance has.")],
    phone: Annotated[str, typer.Option(metavar="+NUMBER", help="The account's number in full.")],
    network: Annotated[
        NetworkName | None, typer.Option(help="whatsapp or sandbox; the gateway's default unless given.")
    ] = None,
    id: Annotated[
        str | None, typer.Option(metavar="UUID", help="An id to keep, when you switch from elsewhere.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Draw the QR code until it was scanned.")
    ] = True,
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
            until_scanned(waypost, made)


@app.command("list")
def list_instances(url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """List the instances."""
    with gateway(url, token) as waypost:
        found = waypost.instances()
    if as_json:
        show_json(found)
        return
    rows = [(one.name, one.phone, one.status, one.reason_message, one.network, one.id) for one in found]
    columns = ("name", "phone", "status", "why", "network", "=id")
    show_rows(columns, rows, "There is no instance yet; `waypost instance create` makes one.")


@app.command()
def show(instance: Name, url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """Show how an instance is, and its settings."""
    with gateway(url, token) as waypost:
        one = named(waypost, instance)
        health = waypost.instance(one.id).health()
    if as_json:
        show_json({"instance": one, "health": health})
        return
    hooks = health.webhooks
    show_facts(
        {
            "name": one.name,
            "id": one.id,
            "phone": one.phone,
            "network": one.network,
            "status": f"{health.status} {health.reason_message}",
            "until": moment(health.until),
            "connected": moment(health.connected_at),
            "webhooks": f"{hooks.working} work, {hooks.failing} fail, {hooks.disabled} disabled",
            **facts(one),
        }
    )


@app.command()
def qr(instance: Name, url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """Draw the QR code and renew it until it was scanned."""
    with gateway(url, token) as waypost:
        shown = qr_code(waypost.instance(named(waypost, instance).id))
        if as_json:
            show_json(shown)
            return
        until_scanned(waypost, shown)


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
        shown = pairing_code(waypost.instance(named(waypost, instance).id))
        if as_json:
            show_json(shown)
            return
        until_typed(waypost, shown)


@app.command("set")
def change(
    instance: Name,
    caption_as_text: Annotated[
        bool | None,
        typer.Option(
            "--caption-as-text/--no-caption-as-text", help="Whether a caption follows a note as a text."
        ),
    ] = None,
    when_unknown: Annotated[
        Literal["fail", "resend", "default"] | None,
        typer.Option(help="What becomes of a send that stays unknown; default: as the gateway has it."),
    ] = None,
    reject_calls: Annotated[
        bool | None, typer.Option("--reject-calls/--let-ring", help="Whether calls are declined.")
    ] = None,
    call_text: Annotated[
        str | None, typer.Option(metavar="TEXT", help='Sent to whoever called then; "" for nothing.')
    ] = None,
    pacing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A rule of this instance's own, as in gap_seconds=20; NAME= for the gateway's again, "
            f"default for all of them. May be repeated. Names: {', '.join(PACING_NAMES)}.",
        ),
    ] = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Change the settings of an instance; what is not named stays as it is."""
    if all(one is None for one in (caption_as_text, when_unknown, reject_calls, call_text)) and not pacing:
        fail("Say what to change; `waypost instance set --help` shows what there is.", USAGE)
    with gateway(url, token) as waypost:
        one = named(waypost, instance)
        changed = waypost.instance(one.id).change(
            caption_as_text=caption_as_text,
            when_unknown=when_unknown,
            calls=calls_of(one, reject_calls, call_text),
            pacing=pacing_of(one, pacing or []),
        )
    if as_json:
        show_json(changed)
    else:
        show_facts({"name": changed.name, **facts(changed)})


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
    if not yes and as_json:
        fail("Nothing was done: with --json nobody is asked, say --yes.", USAGE)
    if not yes:
        _asked(f"Delete {instance} and end its queued requests?")
    with gateway(url, token) as waypost:
        _told(waypost.instance(named(waypost, instance).id).delete(), as_json)


def _asked(question: str) -> None:
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort:
        fail("Nothing was done; --yes does it without asking.")


def _told(answer: Done, as_json: bool) -> None:
    if as_json:
        show_json(answer)
    else:
        typer.echo(answer.message)
