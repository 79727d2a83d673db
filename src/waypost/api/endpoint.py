"""An endpoint: one row of the table from which routes and OpenAPI both come."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from litestar import Request as HttpRequest

from waypost.access.token import Scope, Token
from waypost.api.replies import Reply
from waypost.instances.instance import Instance
from waypost.operations.kind import FieldsIn, FilePolicy

BASE = "/api/whatsapp/v2"
Http = HttpRequest[Any, Any, Any]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may be made: who makes it, and for which instance where the path names one."""

    http: Http
    token: Token
    instance: Instance | None

    @property
    def of(self) -> Instance:
        """The instance of the path."""
        if self.instance is None:
            raise AssertionError("only for endpoints below an instance")
        return self.instance

    def query(self, name: str) -> str | None:
        """A parameter of the query; empty is absent."""
        value = self.http.query_params.get(name)
        return str(value) if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path.

    `scope`: what the token must be allowed to do. `fields`: the shape of the JSON body or form (or of the
    query), `file` how a file may come with it, `query` further parameters (name, description),
    `also_in_query` fields of the body that the query may bring instead, `result` the shape of the answer and
    `body_result` that of a queued request's `response_body`; with `streams` the answer is a stream of events
    instead. `headers` are further ones (name, description), `errors` statuses of failures beside those that
    every call like it may have. `limit`: calls per minute and caller, 0 for any.
    """

    method: Method
    path: str
    summary: str
    scope: Scope
    answer: Callable[[Call], Awaitable[Reply]]
    tag: str
    fields: type[msgspec.Struct] | None = None
    fields_in: FieldsIn = "body"
    file: FilePolicy | None = None
    query: Sequence[tuple[str, str]] = field(default=())
    also_in_query: Sequence[str] = ()
    result: Any = None
    body_result: type[msgspec.Struct] | None = None
    limit: int = 0
    headers: Sequence[tuple[str, str]] = field(default=())
    errors: Sequence[int] = field(default=())
    streams: bool = False

    @property
    def documented(self) -> bool:
        """Whether the document says what is answered."""
        return self.result is not None or self.streams

    @property
    def name(self) -> str:
        """A name that no other endpoint has."""
        return f"{self.method.lower()} {self.path}"
