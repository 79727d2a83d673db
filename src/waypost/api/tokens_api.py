"""Tokens over HTTP. The text of a token is told once, when it is made."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waypost.access.token import INSTANCE_SCOPES, Scope, Token
from waypost.access.tokens import Tokens, require_admin
from waypost.api.body import BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.paging import whole
from waypost.api.replies import Reply
from waypost.clock import iso
from waypost.errors import NOT_FOUND, ApiError, InvalidRequest
from waypost.instances.instances import Instances

_PATH = f"{BASE}/tokens"


class CreateToken(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a new token: for one instance, or with the scope `admin` for everything."""

    instance: Annotated[str | None, Meta(description="Id of the instance; absent for an admin token.")] = None
    scopes: Annotated[
        list[Literal["admin", "send", "read", "manage"]] | None,
        Meta(description="What it may do; send, read and manage unless given."),
    ] = None
    name: Annotated[Annotated[str, Meta(max_length=100)] | None, Meta(description="What it is for.")] = None
    token: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="A token made elsewhere, <number>|<secret>, to go on using."),
    ] = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token; `token` is its text, in the answer to its creation alone."""

    number: int
    instance: str | None
    scopes: list[Scope]
    name: str
    created_at: str
    token: str | None


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class TokensApi:
    """The endpoints of tokens."""

    def __init__(self, tokens: Tokens, instances: Instances, bodies: BodyReader) -> None:
        self._tokens = tokens
        self._instances = instances
        self._bodies = bodies
        self._create = FieldsReader(CreateToken)

    def endpoints(self) -> Sequence[Endpoint]:
        """Create, list and revoke."""
        return [
            Endpoint(
                method="POST",
                path=_PATH,
                summary="Make a token, or bring one from elsewhere",
                scope="admin",
                answer=self.create,
                tag="Tokens",
                fields=CreateToken,
                result=TokenView,
            ),
            Endpoint(
                method="GET",
                path=_PATH,
                summary="List tokens, without their secrets",
                scope="admin",
                answer=self.list,
                tag="Tokens",
                result=list[TokenView],
            ),
            Endpoint(
                method="DELETE",
                path=f"{_PATH}/{{number}}",
                summary="Revoke a token",
                scope="admin",
                answer=self.revoke,
                tag="Tokens",
                result=Revoked,
            ),
        ]

    async def create(self, call: Call) -> Reply:
        """Make a token."""
        require_admin(call.token)
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        wanted = self._create.read(body.fields)
        if wanted.instance is not None:
            self._instances.get(wanted.instance)
        if wanted.scopes == []:
            raise InvalidRequest({"scopes": ["Name at least one scope, or leave the field out."]})
        scopes = tuple(wanted.scopes or (INSTANCE_SCOPES if wanted.instance else ("admin",)))
        if ("admin" in scopes) != (wanted.instance is None):
            raise InvalidRequest({"scopes": ["An admin token has no instance, every other token has one."]})
        if wanted.token is not None:
            if wanted.instance is None:
                raise InvalidRequest(
                    {"instance": ["A token from elsewhere needs the instance that it is for."]}
                )
            brought = await self._tokens.bring(wanted.token, instance_id=wanted.instance, scopes=scopes)
            return Reply(body=_view(brought, None))
        made = await self._tokens.issue(instance_id=wanted.instance, scopes=scopes, name=wanted.name or "")
        return Reply(body=_view(made.token, made.text))

    async def list(self, call: Call) -> Reply:
        """All tokens."""
        return Reply(body=[_view(one, None) for one in await self._tokens.list(call.token)])

    async def revoke(self, call: Call) -> Reply:
        """Make a token invalid."""
        number = whole(str(call.http.path_params.get("number", "")))
        if number is None:
            raise ApiError(NOT_FOUND)
        await self._tokens.revoke(call.token, number)
        return Reply(body=Revoked(message="Token revoked."))


def _view(token: Token, text: str | None) -> TokenView:
    return TokenView(
        number=token.number,
        instance=token.instance_id,
        scopes=list(token.scopes),
        name=token.name,
        created_at=iso(token.created_at),
        token=text,
    )
