"""What an operation is: one frozen description, from which its route, its OpenAPI entry and its execution
come.

To add an operation: write its file with one `Write`, and add that to the list in `operations/__init__.py`.
Nothing else changes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec

from waypost.address import Jid
from waypost.instances.instance import Instance
from waypost.operations.resources import Resources
from waypost.outbox.port import Answer, Performed, Showing, Stage
from waypost.outbox.request import Request, Step, Upload

FieldsIn = Literal["body", "query"]
Fields = TypeVar("Fields", bound=msgspec.Struct)
Payload = TypeVar("Payload", bound=msgspec.Struct)


class FilePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a file may come: as the field `file`, or behind the field `url`; with `required` one of them has
    to.
    """

    file: str = "file"
    url: str = "url"
    required: bool = True
    media_type: str = "application/octet-stream"


class Order(msgspec.Struct, Generic[Payload], frozen=True, kw_only=True):
    """An accepted call in the operation's own words: whom it is for, and what `perform` will need."""

    chat: Jid
    payload: Payload


def _shows_nothing(request: Request, payload: Any) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Generic[Fields, Payload]):
    """An operation that is queued, answered at once, and carried out by the outbox.

    `fields` is the body of the call (or its query), `blank` names those whose empty text is a value and not
    an absent one, `result` is the shape of `response_body`. `payload` is what is stored: a row may be carried
    out by a later release, so a changed payload gets a new `version`, and `older` reads the former ones. The
    functions are the calls of the outbox's Executor; each may come again after a crash, and `perform` does
    so without further questions where the operation is `repeatable`. `shows` is what a person's phone would
    show the recipient before the first message. `also_in_query` are fields of the body that the query may
    bring instead.
    """

    name: str
    summary: str
    fields: type[Fields]
    result: type[msgspec.Struct]
    payload: type[Payload]
    accept: Callable[[Fields, Upload | None, Instance], Order[Payload]]
    prepare: Callable[[Resources, Request, Payload], Awaitable[Stage]]
    stage: Callable[[Resources, Request, Payload], Awaitable[Stage]]
    steps: Callable[[Request, Payload], Sequence[str]]
    perform: Callable[[Resources, Request, Payload, Step, Sequence[Step]], Awaitable[Performed]]
    recovered: Callable[[Resources, Request, Payload, Step, str], Performed]
    finish: Callable[[Request, Payload, Sequence[Step]], Answer]
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    fields_in: FieldsIn = "body"
    blank: frozenset[str] = frozenset()
    file: FilePolicy | None = None
    repeatable: bool = False
    version: int = 1
    older: Mapping[int, Callable[[bytes], Payload]] = field(default_factory=dict)
    tag: str = "Messages"
    also_in_query: tuple[str, ...] = ()
    shows: Callable[[Request, Payload], Showing | None] = _shows_nothing

    def read_payload(self, request: Request) -> Payload:
        """The stored payload, of whatever version. Raises msgspec.ValidationError."""
        if request.payload_version == self.version:
            return msgspec.json.decode(request.payload, type=self.payload)
        return self.older[request.payload_version](request.payload)


AnyWrite = Write[Any, Any]
