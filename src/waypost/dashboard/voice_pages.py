"""Sending a voice note: heard before it is sent, watched until it is played."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from waypost.api.replies import Reply
from waypost.chats.store import FIRST
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.previews import Preview
from waypost.dashboard.progress import Progress, progress, version
from waypost.errors import STREAMS_FULL, ApiError, InvalidRequest, WaypostError
from waypost.outbox.request import Request
from waypost.voice.note import MIMETYPE

# Each costs the database a read of one row so often.
_LOOK_SECONDS: Final = 0.25
_RECEIPT_SECONDS: Final = 1.0
_WATCHED_SECONDS: Final = 900.0
_MOST_WATCHED: Final = 100
# A token that was revoked shows nothing any more, after so long.
_SIGNED_IN_SECONDS: Final = 15.0
_HEARTBEAT: Final = b":\n\n"
_SUGGESTED: Final = 100
_URL_BYTES: Final = 16 * 1024
_SILENCE: Final = -70.0
_SOUNDS: Final = frozenset({"send-voice"})


class NoteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says of a note before it is sent: `waveform` is base64 of 64 values of 0 to 100, `lufs`
    None for silence. Sizes in bytes."""

    seconds: int
    size: int
    source_size: int
    bitrate: int
    passthrough: bool
    lufs: float | None
    waveform: str


class VoicePages:
    """The page, the preview, the send, and the way of what was sent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._talk = parts.talk
        self._watched = 0

    def pages(self) -> list[Page]:
        """All of them."""
        voice = "/instances/{instance}/voice"
        one = f"{voice}/sent/{{uuid}}"
        return [
            Page(path=voice, answer=self.show, title="Send a voice note", scope="send", nav="Voice note"),
            Page(path=voice, method="POST", answer=self.send, scope="send", own_body=True),
            Page(
                path=f"{voice}/preview",
                method="POST",
                answer=self.preview,
                scope="send",
                own_body=True,
                limit=60,
            ),
            Page(
                path=f"{voice}/preview-url",
                method="POST",
                answer=self.preview_url,
                scope="send",
                own_body=True,
                limit=60,
            ),
            Page(path=one, answer=self.sent, title="A voice note on its way", scope="send"),
            Page(path=f"{one}/watch", answer=self.watch, scope="send"),
            Page(path=f"{one}/retry", method="POST", answer=self.retry, scope="send"),
        ]

    async def show(self, visit: Visit) -> Reply:
        """The page, with the chats that there are as suggestions."""
        chats = await self._talk.history.chats(visit.of.id, FIRST, _SUGGESTED, 0)
        return visit.show(
            "voice.html",
            chats=chats.data,
            chat=visit.query("chat"),
            reply_to=visit.query("reply_to"),
            most=self._parts.settings.upload_max_bytes,
        )

    async def preview(self, visit: Visit) -> Reply:
        """The note that would be made of the body, and its facts in a header."""
        return _previewed(await self._talk.previews.of_upload(visit.http.stream()))

    async def preview_url(self, visit: Visit) -> Reply:
        """The same of the URL that is the body."""
        url = bytearray()
        async for chunk in visit.http.stream():
            url += chunk
            if len(url) > _URL_BYTES:
                raise InvalidRequest({"url": ["That is too long for an address."]})
        return _previewed(await self._talk.previews.of_url(url.decode(errors="replace")))

    async def send(self, visit: Visit) -> Reply:
        """Accept a note as the API does, and say where it can be watched."""
        uuid = await self._talk.accept(visit, "send-voice")
        return Reply(body={"uuid": uuid, "watch": f"/instances/{visit.of.id}/voice/sent/{uuid}"})

    async def sent(self, visit: Visit) -> Reply:
        """How far it is, on a page of its own or within another."""
        request = await self._request(visit)
        fragment = "hx-request" in visit.http.headers
        return visit.show("_progress.html" if fragment else "sent.html", progress=_shown(request))

    async def watch(self, visit: Visit) -> Reply:
        """The same as a stream, with a message for whatever changes."""
        request = await self._request(visit)
        if self._watched >= _MOST_WATCHED:
            raise ApiError(STREAMS_FULL)
        return Reply(
            stream=self._changes(visit, request), media_type="text/event-stream", headers=_UNBUFFERED
        )

    async def retry(self, visit: Visit) -> Reply:
        """Try again; `force` also where it may have been sent already."""
        force = visit.form.get("force") == "yes"
        request = await self._parts.outbox.retry(visit.of.id, visit.part("uuid"), force=force)
        return visit.show("_progress.html", progress=_shown(request))

    async def _request(self, visit: Visit) -> Request:
        return await self._parts.outbox.get(visit.of.id, visit.part("uuid"))

    async def _changes(self, visit: Visit, request: Request) -> AsyncGenerator[bytes, None]:
        self._watched += 1
        loop = asyncio.get_running_loop()
        ends, told, asked = loop.time() + _WATCHED_SECONDS, "", loop.time()
        try:
            while loop.time() < ends and not self._parts.live.closed:
                if loop.time() - asked > _SIGNED_IN_SECONDS:
                    asked = loop.time()
                    if await self._parts.sign_ins.find(self._parts.secret(visit.http)) is None:
                        return
                shown = _shown(request)
                if version(shown) != told:
                    told = version(shown)
                    yield _message(visit.show("_progress.html", progress=shown))
                else:
                    yield _HEARTBEAT
                if shown.over:
                    break
                seconds = _RECEIPT_SECONDS if request.state.finished else _LOOK_SECONDS
                await asyncio.sleep(seconds)
                request = await self._request(visit)
            # Without it, the browser would come back at once.
            yield b"event: end\ndata: end\n\n"
        except WaypostError:
            return  # the browser comes back, and learns why
        finally:
            self._watched -= 1


_UNBUFFERED: Final = {"X-Accel-Buffering": "no"}


def _shown(request: Request) -> Progress:
    return progress(request, sound=request.operation in _SOUNDS)


def _message(fragment: Reply) -> bytes:
    lines = fragment.content().split(b"\n")
    return b"".join(b"data: %s\n" % line for line in lines) + b"\n"


def _previewed(preview: Preview) -> Reply:
    note = preview.note
    facts = NoteFacts(
        seconds=note.seconds,
        size=note.size,
        source_size=preview.source_bytes,
        bitrate=note.bitrate,
        passthrough=note.passthrough,
        lufs=None if preview.lufs <= _SILENCE else round(preview.lufs, 1),
        waveform=base64.b64encode(note.waveform).decode(),
    )
    headers = {"X-Note": msgspec.json.encode(facts).decode()}
    return Reply(raw=preview.content, media_type=MIMETYPE, headers=headers)
