import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from waypost.cli.main import app
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox
from waypost.sandbox.wire.node import LID_SERVER, Jid

from .companion import Companion
from .conftest import SHOP

ADA = "+491700000001"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def waypost(sandbox: Sandbox) -> Run:
    """Run `waypost sandbox …` against the running sandbox, in a thread because it has a loop of its own."""

    async def run(*words: str) -> Result:
        environment = {"WAYPOST_SANDBOX_URL": sandbox.control_url, "COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, app, ["sandbox", *words], env=environment)

    return run


async def test_phones_and_contacts_are_created_and_listed(waypost: Run) -> None:
    assert (await waypost("phones", "add", SHOP, "--name", "Shop")).exit_code == 0
    assert SHOP in (await waypost("phones")).output
    added = await waypost("contacts", "add", "+491700000002", "--read-after", "-1", "--json")
    assert json.loads(added.output)[0]["read_after"] is None
    listed = json.loads((await waypost("contacts", "--json")).output)
    assert {view["phone"] for view in listed} >= {ADA, "+491700000002"}


async def test_what_is_removed_is_said_as_json_or_as_a_sentence(waypost: Run, client: SandboxClient) -> None:
    await client.add_phone(SHOP)
    removed = await waypost("phones", "remove", SHOP, "--json")
    assert json.loads(removed.output) == {"removed": SHOP}
    assert (await waypost("contacts", "remove", ADA)).output == f"{ADA} is removed.\n"
    assert [await client.phones(), [view.name for view in await client.contacts()]] == [[], ["Bruna"]]


async def test_an_error_is_one_sentence_that_names_the_command(waypost: Run) -> None:
    result = await waypost("phones", "scan", SHOP, "--qr", "1,2,3,4")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    unknown = await waypost("inbox", "+4917000099")
    assert "waypost sandbox contacts add +4917000099" in unknown.stderr


async def test_what_a_contact_received_is_shown_and_what_it_writes_arrives(
    waypost: Run, sandbox: Sandbox, client: SandboxClient, companion: Companion, tmp_path: Path
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        to = Jid((await client.contact(ADA)).lid, LID_SERVER)
        await companion.send(await companion.text(to, "hello Ada", "ID1"))
        await client.next_message(ADA)
        assert "hello Ada" in (await waypost("inbox", ADA)).output
        sent = await waypost("send", "--from", ADA, "--to", SHOP, "--text", "hello shop", "--json")
        message = await companion.next("message", id=json.loads(sent.output)["id"])
        assert companion.open(message).conversation == "hello shop"
        (tmp_path / "oven.png").write_bytes(b"a picture")
        words = ["--image", str(tmp_path / "oven.png"), "--caption", "The oven", "--view-once"]
        sent = await waypost("send", "--from", ADA, "--to", SHOP, *words, "--json")
        message = await companion.next("message", id=json.loads(sent.output)["id"])
        image = companion.open(message).view_once_message_v2.message.image
        assert (image.caption, image.mimetype, image.file_length) == ("The oven", "image/png", 9)
        both = await waypost("send", "--from", ADA, "--to", SHOP, "--text", "x", *words)
        assert both.exit_code == 2


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["sandbox", "serve", "--data", str(tmp_path / "other"), "--control-port", port]
        result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stderr) == (
        1,
        "The sandbox can't listen there: Address already in use.\n",
    )
