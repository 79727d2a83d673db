"""The real engine in a process of its own: commands and events are JSON lines.

Started with SSL_CERT_DIR in its environment, because Go reads it when the process starts.
"""

import base64
import ctypes
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WITH_FILE = ("audio", "image", "video", "document", "sticker")
Answer = dict[str, Any]

events = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

ROOT_KEY = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
lock = threading.Lock()


def tell(**event: object) -> None:
    with lock:
        events.write(json.dumps(event) + "\n")


def trust(root: bytes) -> None:
    """Overwrite the library's Noise root key, which has to be found exactly once."""
    found: list[int] = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+\s*(.*)", line)
        if match is None or "neonize" not in match[3]:
            continue
        start, end = int(match[1], 16), int(match[2], 16)
        data = ctypes.string_at(start, end - start)
        found += [start + hit.start() for hit in re.finditer(re.escape(ROOT_KEY), data)]
    assert len(found) == 1, found
    ctypes.memmove(found[0], root, 32)


def main() -> None:
    store, proxy, root = sys.argv[1], sys.argv[2], base64.b64decode(sys.argv[3])
    from neonize import events as e
    from neonize._binder import ProxySettings
    from neonize.client import NewClient
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import AudioMessage, Message
    from neonize.utils.enum import MediaType
    from neonize.utils.jid import build_jid

    trust(root)
    client = NewClient(f"{store}?_journal_mode=WAL&_busy_timeout=5000&_foreign_keys=on&x=", uuid="driver")
    client.event.qr(lambda _, data: tell(event="qr", text=data.decode()))

    def simple(name: str) -> Callable[[Any, Any], None]:
        return lambda _, ev: tell(event=name, detail=str(ev)[:300])

    for name, kind in {
        "connected": e.ConnectedEv,
        "logged_out": e.LoggedOutEv,
        "replaced": e.StreamReplacedEv,
        "banned": e.TemporaryBanEv,
        "outdated": e.ClientOutdatedEv,
        "disconnected": e.DisconnectedEv,
        "connect_failure": e.ConnectFailureEv,
        "paired": e.PairStatusEv,
        "offline_done": e.OfflineSyncCompletedEv,
        "undecryptable": e.UndecryptableMessageEv,
    }.items():
        client.event(kind)(simple(name))

    def receipt(_: Any, ev: Any) -> None:
        tell(
            event="receipt",
            ids=list(ev.MessageIDs),
            type=ev.DESCRIPTOR.fields_by_name["Type"].enum_type.values_by_number[ev.Type].name,
            chat=ev.MessageSource.Chat.User,
            sender=ev.MessageSource.Sender.User,
            device=ev.MessageSource.Sender.Device,
        )

    def message(c: Any, ev: Any) -> None:
        content = ev.Message
        body = {
            "text": content.conversation or content.extendedTextMessage.text,
            "quoted": content.extendedTextMessage.contextInfo.stanzaID
            or content.audioMessage.contextInfo.stanzaID,
        }
        tell(
            event="message",
            id=ev.Info.ID,
            sender=ev.Info.MessageSource.Sender.User,
            fromme=ev.Info.MessageSource.IsFromMe,
            ptt=content.audioMessage.PTT,
            kinds=[field.name for field, _ in content.ListFields()],
            **body,
        )
        if any(content.HasField(f"{kind}Message") for kind in _WITH_FILE):
            threading.Thread(target=fetch, args=(c, ev)).start()

    client.event(e.ReceiptEv)(receipt)
    client.event(e.MessageEv)(message)

    def fetch(c: Any, ev: Any) -> None:
        try:
            tell(event="file", id=ev.Info.ID, data=base64.b64encode(c.download_any(ev.Message)).decode())
        except Exception as error:  # noqa: BLE001 - the test is told
            tell(event="file", id=ev.Info.ID, error=repr(error))

    def run() -> None:
        try:
            client.connect(ProxySettings(proxy))
        except BaseException as error:  # noqa: BLE001 - the test is told
            tell(event="ended", error=repr(error))
        else:
            tell(event="ended", error=None)

    def text(to: str, text: str) -> Answer:
        answer = client.send_message(build_jid(to), text)
        return {"id": answer.ID}

    def audio(to: str, data: str, seconds: int = 3) -> Answer:
        blob = base64.b64decode(data)
        up = client.upload(blob, MediaType.MediaAudio)
        note = AudioMessage(
            URL=up.url,
            mimetype="audio/ogg; codecs=opus",
            fileSHA256=up.FileSHA256,
            fileLength=up.FileLength,
            seconds=seconds,
            PTT=True,
            mediaKey=up.MediaKey,
            fileEncSHA256=up.FileEncSHA256,
            directPath=up.DirectPath,
            mediaKeyTimestamp=int(time.time()),
            waveform=bytes(range(64)),
        )
        answer = client.send_message(build_jid(to), Message(audioMessage=note))
        return {"id": answer.ID, "key": base64.b64encode(up.MediaKey).decode(), "path": up.DirectPath}

    def exists(to: str) -> list[Answer]:
        rows = []
        for row in client.is_on_whatsapp(to):
            jid = client.get_pn_from_lid(row.JID) if row.JID.Server == "lid" else row.JID
            rows.append({"number": jid.User, "is_in": row.IsIn})
        return rows

    def many(to: str, count: int) -> Answer:
        start = time.monotonic()
        ids = [client.send_message(build_jid(to), f"text {number}").ID for number in range(count)]
        return {"ids": ids, "seconds": time.monotonic() - start}

    def logout() -> Answer:
        client.logout()
        return {}

    def disconnect() -> Answer:
        client.disconnect()
        return {}

    calls: dict[str, Callable[..., Any]] = {
        "text": text,
        "audio": audio,
        "exists": exists,
        "many": many,
        "logout": logout,
        "disconnect": disconnect,
    }

    def call(request: dict[str, Any]) -> None:
        try:
            result = calls[request["call"]](**request["args"])
            tell(answer=request["n"], result=result)
        except BaseException as error:  # noqa: BLE001 - the test is told
            tell(answer=request["n"], error=f"{type(error).__name__}: {error}")

    threading.Thread(target=run, daemon=True).start()
    tell(event="started")
    for line in sys.stdin:
        threading.Thread(target=call, args=(json.loads(line),), daemon=True).start()
    os._exit(0)


main()
