"""`waypost webhook`: where events go, and what became of each."""

from typing import Annotated, Final, Literal

import typer

from waypost.cli.completion import event_names
from waypost.cli.connection import chosen, gateway
from waypost.cli.exits import FAILED, USAGE, fail
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.screen import moment, show_facts, show_json, show_rows, shown
from waypost.client.instance import Instance
from waypost.client.shapes import DeliveryView

app = typer.Typer(add_completion=False, help="Where an instance's events go; without a command, list them.")

State = Literal["pending", "delivered", "dead"]
Webhook = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, whk_….")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        metavar="EVENT",
        help="An event to post, such as message.any; may be repeated. Unless given, the eight that every "
        "client knows.",
        autocompletion=event_names,
    ),
]
_PAGE: Final = 500


@app.callback(invoke_without_command=True)
def list_webhooks(
    context: typer.Context,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """List an instance's webhooks, without their secrets."""
    if context.invoked_subcommand is not None:
        return
    with gateway(url, token) as waypost:
        found = chosen(waypost, instance).list_webhooks()
    if as_json:
        show_json(found)
        return
    rows = [
        (one.id, "works" if one.enabled and not one.failing_since else one.reason_message or "fails", one.url)
        for one in found
    ]
    show_rows(("id", "state", "=url"), rows, "There are no webhooks.")


@app.command()
def add(
    target: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where events are posted to; https.")],
    events: Events = None,
    secret: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What the authorization header says; made unless given."),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME:VALUE", help="A further header; may be repeated.")
    ] = None,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook and print its secrets, this once."""
    headers = dict(_header(one) for one in header or [])
    with gateway(url, token) as waypost:
        made = chosen(waypost, instance).create_webhook(
            target, events=events or None, secret=secret, headers=headers or None
        )
    if as_json:
        show_json(made)
        return
    show_facts(
        {
            "id": made.id,
            "posts to": made.url,
            "events": made.events,
            "secret": made.secret,
            "signing secret": made.signing_secret,
        }
    )


@app.command()
def remove(
    webhook: Webhook,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Delete a webhook with its deliveries."""
    with gateway(url, token) as waypost:
        answer = chosen(waypost, instance).delete_webhook(webhook)
    show_json(answer) if as_json else typer.echo(answer.message)


@app.command("set")
def change(
    webhook: Webhook,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Go on, or keep what is pending.")
    ] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="ADDRESS", help="Another address.")] = None,
    events: Events = None,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Make a new signing secret; the old one signs beside it for a day."),
    ] = False,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Change a webhook, or enable it again."""
    if enabled is None and target is None and not events and not rotate:
        fail("Say what to change: --enable, --disable, --to, --event or --rotate.", USAGE)
    with gateway(url, token) as waypost:
        changed = chosen(waypost, instance).change_webhook(
            webhook,
            url=target,
            events=events or None,
            enabled=enabled,
            rotate_signing_secret=rotate or None,
        )
    if as_json:
        show_json(changed)
        return
    state = "enabled" if changed.enabled else "disabled"
    typer.echo(f"{changed.id} is {state}; it posts to {changed.url}.")
    if changed.signing_secret:
        typer.echo(f"Its signing secret, shown this once: {changed.signing_secret}")


@app.command("test")
def try_out(
    webhook: Webhook,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Post an event named webhook.test now, and say what was answered."""
    with gateway(url, token) as waypost:
        tried = chosen(waypost, instance).webhooks_test(webhook)
    if as_json:
        show_json(tried)
    if not tried.delivered:
        why = shown(tried.error or f"the answer was {tried.response_status}").rstrip(".")
        fail(f"Not delivered: {why}.", FAILED)
    if not as_json:
        typer.echo(f"Delivered in {tried.ms} ms: {tried.response_status}.")


@app.command()
def deliveries(
    webhook: Webhook,
    state: Annotated[
        State | None, typer.Option(help="Only these; dead: given up, until it is sent again.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Only these.", autocompletion=event_names)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 50,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """List what became of events, newest first."""
    with gateway(url, token) as waypost:
        found = _deliveries(chosen(waypost, instance), webhook, state, event, limit)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.id, moment(one.created_at), one.event, one.state, one.attempts, one.error or one.response_status)
        for one in found
    ]
    columns = ("id", "created", "event", "state", "attempts", "last answer")
    show_rows(columns, rows, "There are no such deliveries.")


@app.command()
def attempts(
    webhook: Webhook,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As `webhook deliveries` shows it.")],
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Show the last attempts of a delivery, and what was answered; with --json also what was posted."""
    with gateway(url, token) as waypost:
        found = chosen(waypost, instance).get_webhooks_delivery(webhook, delivery)
    if as_json:
        show_json(found)
        return
    next_at = f", next attempt {moment(found.next_attempt_at)}" if found.next_attempt_at else ""
    typer.echo(f"{found.event}: {found.state}{next_at}")
    rows = [
        (one.number, moment(one.at), f"{one.ms} ms", one.response_status, one.response_body or one.error)
        for one in found.log
    ]
    show_rows(("number", "at", "took", "status", "answer"), rows, "Nothing was attempted yet.")


@app.command()
def resend(
    webhook: Webhook,
    delivery: Annotated[
        str | None, typer.Argument(metavar="DELIVERY", help="One of them; unless given, all dead ones.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only events from this time on, 2026-01-31T08:00:00Z.")
    ] = None,
    delivered: Annotated[
        bool, typer.Option("--delivered", help="What was delivered, not what was given up; with --since.")
    ] = False,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Send an event again, or all that were given up."""
    if delivered and since is None:
        fail("--delivered needs --since: all that was ever delivered would be sent again.", USAGE)
    with gateway(url, token) as waypost:
        of = chosen(waypost, instance)
        if delivery is not None:
            answer = of.webhooks_deliveries_redeliver(webhook, delivery)
        else:
            answer = of.webhooks_redeliver(webhook, state="delivered" if delivered else "dead", since=since)
    show_json(answer) if as_json else typer.echo(f"{answer.message} ({answer.count})")


def _deliveries(
    of: Instance, webhook: str, state: State | None, event: str | None, limit: int
) -> list[DeliveryView]:
    found: list[DeliveryView] = []
    cursor = None
    while len(found) < limit:
        size = str(min(limit - len(found), _PAGE))
        page = of.list_webhooks_deliveries(webhook, state=state, event=event, cursor=cursor, limit=size)
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        fail(f"{name} is no header; it takes NAME:VALUE.", USAGE)
    return name.strip(), value.strip()
