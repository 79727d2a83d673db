"""The `waypost` command. A command's module is imported when it is run, so that `--help` answers at once."""

from importlib import import_module
from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

import waypost
from waypost.cli.command_errors import told
from waypost.cli.help_text import legible, plain

# name: (module with a Typer object `app`, one line of help)
COMMANDS = {
    "demo": ("waypost.cli.demo.command", "Send voice notes on an emulated network and watch them arrive."),
    "serve": ("waypost.cli.serve", "Run the gateway."),
    "instance": ("waypost.cli.instance", "Create, connect and look after instances (WhatsApp accounts)."),
    "send-voice": ("waypost.cli.send_voice", "Send a recording as a voice note."),
    "send-text": ("waypost.cli.send_text", "Send a text."),
    "send-file": ("waypost.cli.send_file", "Send a document, a picture, a video or a sticker."),
    "check": ("waypost.cli.check", "Say whether a number is on WhatsApp."),
    "queue": ("waypost.cli.queue", "What became of accepted calls: list, look, cancel, retry."),
    "tail": ("waypost.cli.tail", "Show live events as they come."),
    "chats": ("waypost.cli.chats", "List the chats of an instance."),
    "messages": ("waypost.cli.messages", "Show the messages of a chat."),
    "webhook": ("waypost.cli.webhook", "Where events go: add, list, remove, what became of each."),
    "token": ("waypost.cli.token", "Make, list and revoke tokens."),
    "voice": ("waypost.cli.voice", "Make and examine voice notes."),
    "backup": ("waypost.cli.backup", "Copy everything that is kept to one file, while the gateway runs."),
    "restore": ("waypost.cli.restore", "Make a data folder of a backup."),
    "doctor": (
        "waypost.cli.doctor.command",
        "Check everything that a gateway needs, and say how to mend it.",
    ),
    "mcp": ("waypost.cli.mcp", "Serve the gateway's tools to a model (MCP)."),
    "sandbox": ("waypost.cli.sandbox", "The emulated WhatsApp network."),
}


class _Lazy(TyperGroup):
    """Knows its commands by name; imports the one that is run. What goes wrong in it is one sentence."""

    _running: str | None = None
    _as_json = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The names, in the order of the table."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Note which command is run before it is looked up."""
        self._running = args[0] if args else None
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command itself when it is run, else a stand-in with its line of help."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name != self._running:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1])
        return loaded(cmd_name)

    def get_params(self, ctx: Any) -> list[Any]:
        """The options before the command."""
        return [plain(one) for one in super().get_params(ctx)]

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the options before the command."""
        words = kwargs["args"] if "args" in kwargs else args[1]
        self._as_json = "--json" in takewhile(lambda word: word != "--", words)
        with told(as_json=self._as_json):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with told(as_json=self._as_json):
            return super().invoke(ctx)


def loaded(name: str) -> Any:
    """The command of that name with all that is in it."""
    command = typer.main.get_command(import_module(COMMANDS[name][0]).app)
    command.name = name
    return legible(command)


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    help="Waypost: a self-hosted WhatsApp messaging gateway.",
    epilog="Exit codes, and every option of every command: docs/cli.md.",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    if version:
        typer.echo(waypost.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
