"""Whoever comes from Hypersender keeps program, instance id and token, and changes the base URL."""

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path

from waypost.testing.gateway_stage import CONTACT, PairedInstance, gateway_stage, until

PROGRAM = Path(__file__).parent / "program_elsewhere.py"


async def run(*words: str, **environment: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *words,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return out.decode()


async def test_a_program_goes_on_with_its_id_and_token_at_another_base_url(
    tmp_path: Path, recordings: str
) -> None:
    instance_id, token, phone = str(uuid.uuid4()), "8151|" + "k" * 40, "447700900161"
    async with gateway_stage(tmp_path, fetch_allow=["127.0.0.1"]) as stage:
        admin = {
            "WAYPOST_URL": stage.gateway.url,
            "WAYPOST_TOKEN": stage.admin["Authorization"].removeprefix("Bearer "),
        }
        waypost = [sys.executable, "-m", "waypost"]
        create = ["instance", "create", "--id", instance_id, "--name", "moved", "--phone", f"+{phone}"]
        made = json.loads(await run(*waypost, *create, "--json", **admin))
        assert made["id"] == instance_id
        await run(*waypost, "token", "import", token, "--instance", "moved", **admin)
        await stage.control.add_phone(f"+{phone}")
        await stage.control.scan(f"+{phone}", made["qr_text"])
        await stage.status(PairedInstance(id=instance_id, token=token, phone=phone), "WORKING")

        told = await run(
            sys.executable,
            str(PROGRAM),
            f"{CONTACT}@c.us",
            f"{recordings}/blip.wav",
            BASE_URL=stage.gateway.url,
            INSTANCE=instance_id,
            TOKEN=token,
        )
        note = json.loads(told)["note"]
        inbox = await until(
            lambda: stage.control.inbox(f"+{CONTACT}"), lambda found: len(found.messages) >= 4
        )
        by_id = {one.id: one for one in inbox.messages}
        assert by_id[note].type == "audio"
        assert [one.text for one in inbox.messages if one.type == "text"][:2] == ["Listen", "Hello"]
        assert [one.quoted_id for one in inbox.messages if one.text in ("Listen", "Hello")] == [note, note]
