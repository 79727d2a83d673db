"""One whatsmeow companion through neonize's own client, driven by the lines of `waypost.testing.driven`.

It shares no code with our engine's host but the redirection, so that it can judge what that host sends.
Started as `whatsmeow_driver.py STATE PROXY_URL NOISE_ROOT` with SSL_CERT_DIR in its environment: Go reads it
at exec.
"""

import base64
import hashlib
import json
import os
import platform
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

_OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # the library prints

from google.protobuf.json_format import MessageToDict  # noqa: E402
from neonize import events as e  # noqa: E402
from neonize._binder import ProxySettings  # noqa: E402
from neonize.client import NewClient  # noqa: E402
from neonize.proto import Neonize_pb2 as nz  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (  # noqa: E402
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    ExtendedTextMessage,
    ImageMessage,
    Message,
)
from neonize.utils.enum import (  # noqa: E402
    ChatPresence,
    ChatPresenceMedia,
    MediaType,
    MediaTypeToMMS,
    Presence,
    ReceiptType,
)

from waypost.engine.hosts.whatsmeow.library import library_name, package_folder  # noqa: E402
from waypost.engine.hosts.whatsmeow.redirect import redirect  # noqa: E402

_STATUS = {
    "inactive": "delivered",
    "delivered": "delivered",
    "sender": "sender",
    "read": "read",
    "played": "played",
}
_LOCK = threading.Lock()
_WITH_FILE = tuple(f"{kind}Message" for kind in ("audio", "image", "video", "ptv", "document", "sticker"))
_KINDS = {
    "image": (ImageMessage, MediaType.MediaImage),
    "document": (DocumentMessage, MediaType.MediaDocument),
}
REVOKE, EDIT = 0, 14  # of ProtocolMessage.Type


def tell(**line: Any) -> None:
    with _LOCK:
        _OUT.write(json.dumps(line) + "\n")


def text_of(jid: Any) -> str:
    return f"{jid.User}@{jid.Server}" if jid.User else ""


def jid_of(text: str) -> Any:
    user, server = text.split("@")
    return nz.JID(User=user, Server=server, Device=0, Integrator=0, RawAgent=0, IsEmpty=False)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Companion:
    def __init__(self, state: Path, proxy: str) -> None:
        self._store = state / "store.db"
        self._files = state / "received"
        self._files.mkdir(exist_ok=True)
        self._proxy = proxy
        self._seen: dict[str, Any] = {}
        self.client = NewClient(
            f"{self._store}?_journal_mode=WAL&_busy_timeout=5000&_foreign_keys=on&x=", uuid="driver"
        )
        self.client.event.qr(lambda _, code: tell(event="qr", text=code.decode()))
        self.client.event(e.ConnectedEv)(
            lambda *_: tell(event="connected", jid=text_of(self.client.get_me().JID))
        )
        self.client.event(e.LoggedOutEv)(lambda *_: tell(event="disconnected", code=401, reason="logged_out"))
        self.client.event(e.DisconnectedEv)(lambda *_: tell(event="disconnected", code=None, reason=""))
        self.client.event(e.MessageEv)(
            lambda _, event: threading.Thread(target=self.received, args=(event,)).start()
        )
        self.client.event(e.ReceiptEv)(self.receipt)
        self.client.event(e.ChatPresenceEv)(self.doing)
        self.client.event(e.PresenceEv)(self.shown)
        self.client.event(e.GroupInfoEv)(self.changed)
        self.client.event(e.UndecryptableMessageEv)(
            lambda _, event: tell(event="undecryptable", id=event.Info.ID, reason="")
        )

    def run(self) -> None:
        self.client.connect(ProxySettings(self._proxy))

    def receipt(self, _: Any, event: Any) -> None:
        name = nz.Receipt.ReceiptType.Name(event.Type).lower()
        status = next((status for kind, status in _STATUS.items() if kind in name), name)
        for id in event.MessageIDs:
            tell(
                event="receipt",
                id=id,
                status=status,
                kind=name,
                **{"from": text_of(event.MessageSource.Sender)},
            )

    def doing(self, _: Any, event: Any) -> None:
        state = nz.ChatPresence.ChatPresence.Name(event.State).lower()
        tell(event="doing", **{"from": text_of(event.MessageSource.Chat)}, state=state)

    def shown(self, _: Any, event: Any) -> None:
        state = "unavailable" if event.Unavailable else "available"
        tell(event="doing", **{"from": text_of(event.From)}, state=state)

    def changed(self, _: Any, event: Any) -> None:
        id = text_of(event.JID)
        if event.Name.Name:
            tell(event="group", id=id, subject=event.Name.Name)
        actions = {
            "add": event.Join,
            "remove": event.Leave,
            "promote": event.Promote,
            "demote": event.Demote,
        }
        for action, members in actions.items():
            if members:
                tell(event="members", id=id, action=action)

    def received(self, event: Any) -> None:
        info, message = event.Info, event.Message
        fields = [field.name for field, _ in message.ListFields() if field.name != "messageContextInfo"]
        kind = next(iter(fields), "")
        if kind in ("", "senderKeyDistributionMessage"):
            return
        if kind == "protocolMessage" and message.protocolMessage.type not in (REVOKE, EDIT):
            return
        self._seen[info.ID] = event
        body: Any = getattr(message, kind)
        told: dict[str, Any] = {
            "event": "message",
            "id": info.ID,
            "from": text_of(info.MessageSource.Chat),
            "from_other": text_of(info.MessageSource.SenderAlt),
            "from_me": info.MessageSource.IsFromMe,
            "kind": kind.removesuffix("Message"),
            "text": text_in(body),
            "content": {} if isinstance(body, str) else MessageToDict(body),
        }
        if "contextInfo" in told["content"]:
            told |= quoted(body.contextInfo)
        if kind in _WITH_FILE or bool(getattr(body, "thumbnailDirectPath", None)):
            told |= self.media(info.ID, message, body)
        tell(**told)

    def media(self, id: str, message: Any, body: Any) -> dict[str, Any]:
        facts = {
            "mimetype": getattr(body, "mimetype", ""),
            "seconds": getattr(body, "seconds", 0),
            "ptt": getattr(body, "PTT", False),
            "waveform": base64_of(getattr(body, "waveform", b"")),
            "stated_sha256": base64_of(getattr(body, "fileSHA256", b"")),
        }
        try:
            data = self.file_of(message, body)
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller is told)
            return facts | {"media_error": repr(error)}
        assert data is not None
        path = self._files / id
        path.write_bytes(data)
        return facts | {
            "path": str(path),
            "size": len(data),
            "sha256": base64_of(hashlib.sha256(data).digest()),
        }

    def file_of(self, message: Any, body: Any) -> Any:
        if not isinstance(body, ExtendedTextMessage):
            # The library's word for round videos is missing in the call that takes any message.
            plain = message if not message.HasField("ptvMessage") else Message(videoMessage=body)
            return self.client.download_any(plain)
        return self.client.download_media_with_path(
            body.thumbnailDirectPath,
            body.thumbnailEncSHA256,
            body.thumbnailSHA256,
            body.mediaKey,
            -1,
            MediaType.MediaLinkThumbnail,
            MediaTypeToMMS.MediaLinkThumbnail,
        )

    # --- calls

    def text(self, to: str, text: str, quoted: str | None = None) -> dict[str, Any]:
        body = ExtendedTextMessage(text=text)
        if quoted is not None:
            body.contextInfo.CopyFrom(self.quote(quoted))
        return self.sent(to, Message(extendedTextMessage=body))

    def voice(
        self, to: str, path: str, seconds: int, waveform: str, quoted: str | None = None
    ) -> dict[str, Any]:
        up = self.client.upload(Path(path).read_bytes(), MediaType.MediaAudio)
        audio = AudioMessage(
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
            waveform=base64.b64decode(waveform),
        )
        if quoted is not None:
            audio.contextInfo.CopyFrom(self.quote(quoted))
        return self.sent(to, Message(audioMessage=audio))

    def file(
        self, to: str, kind: str, path: str, mimetype: str, caption: str, quoted: str | None = None
    ) -> dict[str, Any]:
        part, media = _KINDS[kind]
        up = self.client.upload(Path(path).read_bytes(), media)
        body = part(
            URL=up.url,
            mimetype=mimetype,
            caption=caption,
            fileSHA256=up.FileSHA256,
            fileLength=up.FileLength,
            mediaKey=up.MediaKey,
            fileEncSHA256=up.FileEncSHA256,
            directPath=up.DirectPath,
            mediaKeyTimestamp=int(time.time()),
        )
        if quoted is not None:
            body.contextInfo.CopyFrom(self.quote(quoted))
        return self.sent(to, Message(**{f"{kind}Message": body}))

    def quote(self, id: str) -> Any:
        event = self._seen[id]
        author = text_of(event.Info.MessageSource.Sender)
        return ContextInfo(stanzaID=id, participant=author, quotedMessage=event.Message)

    def sent(self, to: str, message: Any) -> dict[str, Any]:
        return {"id": self.client.send_message(jid_of(to), message).ID, "to": to}

    def read(self, id: str) -> None:
        self.mark(id, ReceiptType.READ)

    def played(self, id: str) -> None:
        self.mark(id, ReceiptType.PLAYED)

    def mark(self, id: str, kind: ReceiptType) -> None:
        source = self._seen[id].Info.MessageSource
        self.client.mark_read(id, chat=source.Chat, sender=source.Sender, receipt=kind)

    def forget_sessions(self) -> dict[str, Any]:
        """Ratchets only. The library holds the store open; WAL and a busy time-out let a second writer in."""
        with sqlite3.connect(self._store, timeout=5) as store:
            names = [row[0] for row in store.execute("SELECT their_id FROM whatsmeow_sessions")]
            store.execute("DELETE FROM whatsmeow_sessions")
        return {"sessions": names}

    def ask(self, method: str, args: list[Any]) -> str | None:
        """Any method of neonize's client; a JID among `args` is a text with an @. Gives a text alone."""
        given = (jid_of(one) if isinstance(one, str) and "@" in one else one for one in args)
        answer = getattr(self.client, method)(*given)
        return answer if isinstance(answer, str) else None

    def vote(self, to: str, id: str, options: list[str]) -> dict[str, Any]:
        return self.sent(to, self.client.build_poll_vote(self._seen[id].Info, options))

    def about(self, group: str) -> dict[str, Any]:
        found = self.client.get_group_info(jid_of(group))
        roles = {
            text_of(one.JID): "superadmin" if one.IsSuperAdmin else "admin" if one.IsAdmin else ""
            for one in found.Participants
        }
        return {
            "subject": found.GroupName.Name,
            "description": found.GroupTopic.Topic,
            "announce": found.GroupAnnounce.IsAnnounce,
            "locked": found.GroupLocked.isLocked,
            "members": roles,
        }

    def group(self, subject: str, members: list[str]) -> dict[str, Any]:
        made = self.client.create_group(subject, [jid_of(member) for member in members])
        return {"id": text_of(made.JID)}

    def presence(self, to: str) -> None:
        self.client.send_chat_presence(
            jid_of(to), ChatPresence.CHAT_PRESENCE_COMPOSING, ChatPresenceMedia.CHAT_PRESENCE_MEDIA_AUDIO
        )

    def online(self, online: bool) -> None:
        self.client.send_presence(Presence.AVAILABLE if online else Presence.UNAVAILABLE)

    def close(self) -> None:
        self.client.disconnect()


def quoted(context: Any) -> dict[str, Any]:
    message = context.quotedMessage
    kinds = [field.name for field, _ in message.ListFields() if field.name != "messageContextInfo"]
    return {
        "quoted_id": context.stanzaID,
        "quoted_from": context.participant,
        "quoted_kind": next(iter(kinds), "").removesuffix("Message"),
        "quoted_text": message.conversation or message.extendedTextMessage.text,
    }


def text_in(body: Any) -> str:
    if isinstance(body, str):
        return body
    return str(getattr(body, "text", "") or getattr(body, "caption", ""))


def obey(companion: Companion, line: str) -> None:
    order = json.loads(line)
    try:
        result = getattr(companion, order["call"])(**order["args"])
        tell(answer=order["n"], result=result)
    except Exception as error:  # noqa: BLE001 (whatever it is, the caller is told)
        tell(answer=order["n"], error=f"{type(error).__name__}: {error}")


def main() -> None:
    state, proxy, root = Path(sys.argv[1]), sys.argv[2], base64.b64decode(sys.argv[3])
    redirect(package_folder() / library_name(platform.system(), platform.machine()), root)
    companion = Companion(state, proxy)
    threading.Thread(target=companion.run, daemon=True).start()
    for line in sys.stdin:
        threading.Thread(target=obey, args=(companion, line), daemon=True).start()
    os._exit(0)


main()
