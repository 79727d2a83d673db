"""The endpoints of the operations that are queued: one each, made from its description."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from waypost.address import chat_key
from waypost.api.body import Body, BodyReader, body_of
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.fingerprint import fingerprint
from waypost.api.links import PublicAddress
from waypost.api.prefer import wait_seconds
from waypost.api.queued_view import view
from waypost.api.replies import Reply
from waypost.errors import InvalidRequest, StorageError, WaypostError
from waypost.operations.kind import AnyWrite
from waypost.origin import origin
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Acceptance, Accepted, Idempotency, Request, Upload

_KEY_LENGTH = 255


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to every call that is queued."""

    queued: bool
    message: str
    queued_request_uuid: str
    queued_request_link: str


class Writes:
    """Accepts calls: reads the body, checks it, stores it, answers."""

    def __init__(
        self,
        outbox: Outbox,
        bodies: BodyReader,
        address: PublicAddress,
        wait_max: float,
        on_outcome: Callable[[str, str], None] = lambda _operation, _outcome: None,
    ) -> None:
        """`wait_max`: the longest `Prefer: wait`, in seconds. `on_outcome` is told each call's operation,
        and `accepted`, `repeated` or the code of the error.
        """
        self._on_outcome = on_outcome
        self._outbox = outbox
        self._bodies = bodies
        self._address = address
        self._wait_max = wait_max

    def endpoints(self, writes: Sequence[AnyWrite]) -> list[Endpoint]:
        """One endpoint per operation."""
        return [self._endpoint(write) for write in writes]

    def _endpoint(self, write: AnyWrite) -> Endpoint:
        reader = FieldsReader(write.fields, write.file)

        async def answer(call: Call) -> Reply:
            try:
                accepted = await self._take(call, write, reader)
            except WaypostError as error:
                self._on_outcome(write.name, error.code)
                raise
            self._on_outcome(write.name, "repeated" if accepted.duplicate else "accepted")
            return await self._answer(call, accepted)

        return Endpoint(
            method=write.method,
            path=f"{BASE}/{{instance}}/{write.name}",
            summary=write.summary,
            scope="send",
            answer=answer,
            tag=write.tag,
            fields=write.fields,
            fields_in=write.fields_in,
            file=write.file,
            also_in_query=write.also_in_query,
            result=Envelope,
            body_result=write.result,
        )

    async def _take(self, call: Call, write: AnyWrite, reader: FieldsReader[Any]) -> Accepted:
        """Read a call and store what it asks for; nothing is left of a body that was not needed."""
        body = query_of(call) if write.fields_in == "query" else await read_body(self._bodies, call, write)
        for name in write.also_in_query:
            if (value := call.query(name)) is not None:
                body.fields[name] = value
        try:
            accepted = await self._accept(call, write, reader, body)
        except WaypostError as error:
            # After this one it may be stored all the same, with its file; the sweep takes what is not.
            if not isinstance(error, StorageError):
                await self._bodies.discard(body)
            raise
        if accepted.duplicate:
            await self._bodies.discard(body)
        return accepted

    async def _accept(self, call: Call, write: AnyWrite, reader: FieldsReader[Any], body: Body) -> Accepted:
        given = body.fields | dict.fromkeys(body.blank & write.blank, "")
        fields = reader.read(given, body.upload is not None)
        order = write.accept(fields, body.upload, call.of)
        submitted = {name: given[name] for name in write.fields.__struct_fields__ if name in given}
        if body.upload is not None and write.file is not None:
            submitted[write.file.file] = {
                "filename": body.filename,
                "size": body.upload.size,
                "sha256": body.upload.sha256,
            }
        who = origin()
        acceptance = Acceptance(
            instance_id=call.of.id,
            operation=write.name,
            chat_key=chat_key(order.chat),
            request=msgspec.json.encode(submitted),
            payload=msgspec.json.encode(order.payload),
            payload_version=write.version,
            upload=body.upload,
            idempotency=_idempotency(call, write, order.payload, body.upload),
            request_id=None if who is None else who.request_id,
            traceparent=None if who is None else who.traceparent,
        )
        return await self._outbox.accept(acceptance)

    async def _answer(self, call: Call, accepted: Accepted) -> Reply:
        headers: dict[str, str] = {}
        seconds = wait_seconds(call.http.headers.get("prefer"), self._wait_max)
        if seconds is not None:
            headers["Preference-Applied"] = f"wait={seconds}"
            request = await self._ended(call.of.id, accepted.uuid, seconds)
            if request is not None:
                return Reply(body=view(request), headers=headers)
        link = f"{self._address.base(call.http)}{BASE}/{call.of.id}/queued-requests/{accepted.uuid}"
        envelope = Envelope(
            queued=True,
            message="Processing your request...",
            queued_request_uuid=accepted.uuid,
            queued_request_link=link,
        )
        return Reply(body=envelope, headers=headers)

    async def _ended(self, instance_id: str, uuid: str, seconds: float) -> Request | None:
        """The request when it ends within that time. A failure to look is none of the call: it is accepted,
        and who is told otherwise calls again."""
        with contextlib.suppress(WaypostError):
            request = await self._outbox.wait(instance_id, uuid, seconds)
            return request if request.state.finished else None
        return None


async def read_body(bodies: BodyReader, call: Call, write: AnyWrite) -> Body:
    """Read the body of a call as the operation takes it. Raises ApiError, InvalidRequest."""
    headers = call.http.headers
    length = headers.get("content-length", "")
    return await bodies.read(
        call.http.stream(),
        headers.get("content-type", ""),
        int(length) if length.isdecimal() else None,
        write.file,
    )


def query_of(call: Call) -> Body:
    """The query of a call, where an operation has its fields there."""
    return body_of(dict(call.http.query_params))


def _idempotency(call: Call, write: AnyWrite, payload: Any, upload: Upload | None) -> Idempotency | None:
    """The caller's key with what it stands for: what the operation has made of the fields, so that another
    spelling of a number is the same, and the content of the file, however it is called and encoded."""
    key = call.http.headers.get("idempotency-key", "").strip()
    if not key:
        return None
    if len(key) > _KEY_LENGTH:
        raise InvalidRequest({"Idempotency-Key": [f"The key may have {_KEY_LENGTH} characters at most."]})
    content = fingerprint(write.name, payload, "" if upload is None else upload.sha256)
    return Idempotency(key=key, content_sha256=content)
