"""Webhooks over HTTP. Their secrets are told once, by the call that makes them."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.api.body import BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.replies import Reply
from waypost.api.webhook_view import Removed, Tried, WebhookView, text_of, webhook_view
from waypost.errors import InvalidRequest
from waypost.webhooks.webhooks import Wanted, Webhooks

TAG = "Webhooks"
PATH = f"{BASE}/{{instance}}/webhooks"
# A test posts at once, whatever the receiver has to bear already.
_TESTS_PER_MINUTE = 30

_Url = Annotated[str, Meta(description="Where events are posted to; https unless it is private.")]
_Events = Annotated[
    list[str] | None,
    Meta(description="Names of the events; the eight that every client knows unless given."),
]
_Secret = Annotated[
    Annotated[str, Meta(min_length=1, max_length=500)] | None,
    Meta(description="What the authorization header says; made here unless given."),
]
_SigningSecret = Annotated[
    Annotated[str, Meta(max_length=200)] | None,
    Meta(description="The key of the signatures, whsec_ and base64; made here unless given."),
]
_Headers = Annotated[dict[str, str] | None, Meta(description="Further headers, name to value.")]
# It is a header; "$" alone would let a line feed pass at its end.
_UserId = Annotated[
    Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]+(?!\n)$")] | None,
    Meta(description="What x-userId and userId say; the id of the instance unless given."),
]


class CreateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a new webhook."""

    url: _Url
    events: _Events = None
    secret: _Secret = None
    signing_secret: _SigningSecret = None
    headers: _Headers = None
    user_id: _UserId = None
    enabled: Annotated[bool | None, Meta(description="false: made, and nothing is sent yet.")] = None


class ChangeWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a change: what is left out stays."""

    url: _Url | None = None
    events: _Events = None
    secret: _Secret = None
    signing_secret: _SigningSecret = None
    rotate_signing_secret: Annotated[
        bool | None, Meta(description="true: make a new key; the old one signs beside it for a day.")
    ] = None
    headers: Annotated[
        dict[str, str] | None, Meta(description="Further headers, in the place of those there are.")
    ] = None
    user_id: _UserId = None
    enabled: Annotated[
        bool | None, Meta(description="false: keep what is pending; true: go on, also after a disabling.")
    ] = None


class WebhooksApi:
    """The endpoints of webhooks."""

    def __init__(self, webhooks: Webhooks, bodies: BodyReader) -> None:
        self._webhooks = webhooks
        self._bodies = bodies
        self._create = FieldsReader(CreateWebhook)
        self._change = FieldsReader(ChangeWebhook)

    def endpoints(self) -> Sequence[Endpoint]:
        """Make, list, change, delete, try."""
        one = f"{PATH}/{{webhook}}"
        return [
            Endpoint(
                method="POST",
                path=PATH,
                summary="Make a webhook",
                scope="manage",
                answer=self.create,
                tag=TAG,
                fields=CreateWebhook,
                result=WebhookView,
            ),
            Endpoint(
                method="GET",
                path=PATH,
                summary="List the instance's webhooks, without their secrets",
                scope="manage",
                answer=self.list,
                tag=TAG,
                result=list[WebhookView],
            ),
            Endpoint(
                method="PATCH",
                path=one,
                summary="Change a webhook, or enable it again",
                scope="manage",
                answer=self.change,
                tag=TAG,
                fields=ChangeWebhook,
                result=WebhookView,
            ),
            Endpoint(
                method="DELETE",
                path=one,
                summary="Delete a webhook with its deliveries",
                scope="manage",
                answer=self.delete,
                tag=TAG,
                result=Removed,
            ),
            Endpoint(
                method="POST",
                path=f"{one}/test",
                summary="Post an event named webhook.test, now and once",
                scope="manage",
                answer=self.test,
                tag=TAG,
                result=Tried,
                limit=_TESTS_PER_MINUTE,
            ),
        ]

    async def create(self, call: Call) -> Reply:
        """Make one; the answer alone has the secrets."""
        wanted = self._create.read(await self._fields(call))
        made = await self._webhooks.create(call.of.id, _wanted(wanted))
        return Reply(body=webhook_view(made, secret=made.secret, signing_secret=made.signing_secret))

    async def list(self, call: Call) -> Reply:
        """All of the instance."""
        return Reply(body=[webhook_view(one) for one in await self._webhooks.of_instance(call.of.id)])

    async def change(self, call: Call) -> Reply:
        """Change what is named; a new signing key is in the answer."""
        fields = await self._fields(call)
        wanted = self._change.read(fields)
        if not any(name in fields for name in ChangeWebhook.__struct_fields__):
            raise InvalidRequest({"url": ["Name at least one thing to change."]})
        rotate = wanted.rotate_signing_secret is True
        changed = await self._webhooks.change(call.of.id, webhook_id(call), _wanted(wanted), rotate=rotate)
        told = changed.signing_secret if rotate and wanted.signing_secret is None else None
        return Reply(body=webhook_view(changed, signing_secret=told))

    async def delete(self, call: Call) -> Reply:
        """Delete."""
        await self._webhooks.delete(call.of.id, webhook_id(call))
        return Reply(body=Removed(message="Webhook deleted."))

    async def test(self, call: Call) -> Reply:
        """Post a test, and tell what came of it."""
        attempt = await self._webhooks.test(call.of, webhook_id(call))
        return Reply(
            body=Tried(
                delivered=attempt.succeeded,
                ms=attempt.ms,
                response_status=attempt.status,
                response_body=text_of(attempt.answer),
                error=attempt.error,
            )
        )

    async def _fields(self, call: Call) -> dict[str, object]:
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        return body.fields


def webhook_id(call: Call) -> str:
    """The webhook that the path names."""
    return str(call.http.path_params.get("webhook", ""))


def _wanted(given: CreateWebhook | ChangeWebhook) -> Wanted:
    headers: Mapping[str, str] | None = given.headers
    return Wanted(
        url=given.url,
        events=given.events,
        secret=given.secret,
        signing_secret=given.signing_secret,
        headers=headers,
        user_id=given.user_id,
        enabled=given.enabled,
    )
