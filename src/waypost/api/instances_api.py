"""Instances over HTTP: create, list, connect, look after, delete."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from waypost.access.tokens import Tokens, require_admin
from waypost.address import parse_phone
from waypost.api.body import BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.instance_views import CreatedInstance, InstanceView, InstanceWithCode, Status, view
from waypost.api.replies import Reply
from waypost.api.webhook_view import WebhookHealth, webhook_health, webhook_view
from waypost.clock import iso
from waypost.config import Settings
from waypost.errors import CLIENT_OUTDATED, FetchError, InvalidRequest
from waypost.instances.instance import Instance, NetworkName
from waypost.instances.instances import Instances
from waypost.instances.overrides import CallChoice, Overrides, PacingOverrides
from waypost.instances.qr import png_base64
from waypost.instances.state import InstanceState, sentence
from waypost.outbox.port import Waiting
from waypost.webhooks.webhooks import Wanted, Webhooks


class CreateInstance(msgspec.Struct, frozen=True, kw_only=True):
    """The body of create-instance."""

    phone: Annotated[
        str, Meta(description="The account's number in full, with +.", examples=["+12132132131"])
    ]
    name: Annotated[str, Meta(description="A name that no other instance has.", min_length=1, max_length=50)]
    webhook_url: Annotated[
        str | None, Meta(description="Where events go: makes a webhook; https unless it is private.")
    ] = None
    network: Annotated[
        NetworkName | None,
        Meta(description="whatsapp, or sandbox for tests; the gateway's default unless given."),
    ] = None
    id: Annotated[str | None, Meta(description="A UUID to keep, for those who switch from elsewhere.")] = None
    caption_as_text: Annotated[
        bool | None, Meta(description="Whether a caption follows a voice note as a text; true unless given.")
    ] = None


class InstanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a change of an instance's settings."""

    caption_as_text: Annotated[
        bool | None, Meta(description="Whether a caption follows a voice note as a text.")
    ] = None
    pacing: Annotated[
        PacingOverrides | None,
        Meta(
            description="What of WAYPOST_PACING_… is another for this instance, in the place of what was "
            "given before; {} is all as the gateway has it."
        ),
    ] = None
    when_unknown: Annotated[
        Literal["fail", "resend", "default"] | None,
        Meta(description="What becomes of a send that stays unknown; default: as the gateway has it."),
    ] = None
    calls: Annotated[
        CallChoice | None,
        Meta(description="Whether calls are declined, and the text that whoever called is sent then."),
    ] = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an instance is right now."""

    instance_id: str
    connected_at: str | None
    status: Status
    reason: str
    reason_message: str
    until: str | None
    jid: str | None
    push_name: str | None
    webhooks: WebhookHealth


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class InstancesApi:
    """The endpoints of instances."""

    def __init__(
        self,
        instances: Instances,
        tokens: Tokens,
        bodies: BodyReader,
        settings: Settings,
        webhooks: Webhooks,
    ) -> None:
        self._instances = instances
        self._webhooks = webhooks
        self._tokens = tokens
        self._bodies = bodies
        self._settings = settings
        self._create = FieldsReader(CreateInstance)
        self._change = FieldsReader(InstanceSettings)

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them."""
        one, settings = f"{BASE}/{{instance}}", self._settings
        return [
            Endpoint(
                method="POST",
                path=f"{BASE}/create-instance",
                summary="Create an instance and get its QR code and token",
                scope="admin",
                answer=self.create,
                tag="Instances",
                fields=CreateInstance,
                result=CreatedInstance,
                limit=settings.limit_create_instance,
            ),
            Endpoint(
                method="GET",
                path=f"{BASE}/instances",
                summary="List instances",
                scope="read",
                answer=self.list,
                tag="Instances",
                query=(
                    ("filter[uuid]", "Only the instance with this id."),
                    ("filter[name]", "Only instances whose name contains this."),
                    ("filter[phone]", "Only instances with this number."),
                    ("filter[status]", "Only instances in this status."),
                ),
                result=list[InstanceView],
            ),
            self._of(
                one, "POST", "request-new-qr-code", "Get a QR code to scan", self.new_code, InstanceWithCode
            ),
            self._of(
                one, "GET", "qr-code", "The QR code that can be scanned now", self.code, InstanceWithCode
            ),
            self._of(one, "GET", "health", "How the instance is", self.health, Health),
            self._of(one, "POST", "restart", "Connect the instance anew", self.restart, Done),
            self._of(one, "POST", "logout", "Unlink the instance from its phone", self.logout, Done),
            Endpoint(
                method="PATCH",
                path=one,
                summary="Change the instance's settings",
                scope="manage",
                answer=self.change,
                tag="Instances",
                fields=InstanceSettings,
                result=InstanceView,
            ),
            Endpoint(
                method="DELETE",
                path=one,
                summary="Delete the instance; its queued requests end with a reason",
                scope="manage",
                answer=self.delete,
                tag="Instances",
                result=Done,
            ),
        ]

    def _of(self, base: str, method: Any, name: str, summary: str, answer: Any, result: Any) -> Endpoint:
        limits = {
            "request-new-qr-code": self._settings.limit_qr_code,
            "restart": self._settings.limit_restart,
        }
        return Endpoint(
            method=method,
            path=f"{base}/{name}",
            summary=summary,
            scope="read" if method == "GET" else "manage",
            answer=answer,
            tag="Instances",
            result=result,
            limit=limits.get(name, 0),
        )

    async def create(self, call: Call) -> Reply:
        """Create, begin to pair, and answer with the first code."""
        require_admin(call.token)
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        wanted = self._create.read(body.fields)
        if wanted.webhook_url is not None:
            await self._check(wanted.webhook_url)
        instance = await self._instances.create(
            name=wanted.name,
            phone=parse_phone(wanted.phone),
            network=wanted.network or self._settings.network,
            instance_id=wanted.id,
            caption_as_text=wanted.caption_as_text is not False,
            webhook_url=wanted.webhook_url,
        )
        token = await self._tokens.issue(instance_id=instance.id, name=instance.name)
        webhook = None
        if wanted.webhook_url is not None:
            made = await self._webhooks.create(instance.id, Wanted(url=wanted.webhook_url))
            webhook = webhook_view(made, secret=made.secret, signing_secret=made.signing_secret)
        await self._instances.qr_code(instance.id)
        return Reply(body={**self._with_code(instance, token.text), "webhook": webhook})

    async def _check(self, url: str) -> None:
        try:
            await self._webhooks.check(url)
        except FetchError as wrong:
            raise InvalidRequest({"webhook_url": [wrong.message]}) from None

    async def list(self, call: Call) -> Reply:
        """The instances that the token may see."""
        shown = [view(self._instances, one) for one in self._instances.list() if call.token.sees(one.id)]
        wanted = {
            "id": call.query("filter[uuid]"),
            "status": call.query("filter[status]"),
            "phone": _digits(call.query("filter[phone]")),
        }
        name = (call.query("filter[name]") or "").casefold()
        return Reply(
            body=[
                one
                for one in shown
                if name in one["name"].casefold()
                and all(
                    value is None or (one[key] if key != "phone" else _digits(one[key])) == value
                    for key, value in wanted.items()
                )
            ]
        )

    async def new_code(self, call: Call) -> Reply:
        """The code to scan."""
        await self._instances.new_qr_code(call.of.id)
        return Reply(body=self._with_code(call.of, None))

    async def code(self, call: Call) -> Reply:
        """The code that can be scanned now, if there is one."""
        if self._instances.known.code(call.of.id) is None:
            await self._instances.look_again(call.of.id)
        return Reply(body=self._with_code(call.of, None))

    async def health(self, call: Call) -> Reply:
        """How the instance is."""
        instance = self._instances.get(call.of.id)
        condition = self._instances.known.condition(instance.id)
        account = instance.account
        return Reply(
            body=Health(
                instance_id=instance.id,
                connected_at=iso(condition.connected_at) if condition.connected_at else None,
                status=condition.state.value,
                reason=condition.reason,
                reason_message=sentence(condition.reason),
                until=iso(condition.until) if condition.until else None,
                jid=account.jid if account else None,
                push_name=account.push_name if account else None,
                webhooks=webhook_health(await self._webhooks.of_instance(instance.id)),
            )
        )

    async def change(self, call: Call) -> Reply:
        """Change settings."""
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        wanted = self._change.read(body.fields)
        chosen = (wanted.caption_as_text, wanted.pacing, wanted.when_unknown, wanted.calls)
        if all(one is None for one in chosen):
            raise InvalidRequest({"caption_as_text": ["Name at least one setting to change."]})
        instance = self._instances.get(call.of.id)
        if wanted.caption_as_text is not None:
            instance = await self._instances.set_caption(instance.id, wanted.caption_as_text)
        overrides = _changed(instance.overrides, wanted)
        if overrides != instance.overrides:
            instance = await self._instances.set_overrides(instance.id, overrides)
        return Reply(body=view(self._instances, instance))

    async def restart(self, call: Call) -> Reply:
        """Connect anew."""
        await self._instances.restart(call.of.id)
        return Reply(body=Done(message="WhatsApp instance restarted successfully."))

    async def logout(self, call: Call) -> Reply:
        """Unlink."""
        await self._instances.logout(call.of.id)
        return Reply(body=Done(message="WhatsApp instance logged out successfully."))

    async def delete(self, call: Call) -> Reply:
        """Delete, tokens included."""
        await self._instances.delete(call.of.id)
        self._tokens.forget()
        return Reply(body=Done(message="WhatsApp instance deleted successfully."))

    def _with_code(self, instance: Instance, token: str | None) -> dict[str, Any]:
        code = self._instances.known.code(instance.id)
        return {
            **view(self._instances, instance),
            "access_token": token,
            "qr_code": png_base64(code.text) if code else None,
            "qr_text": code.text if code else None,
            "qr_expires_at": iso(code.expires_at) if code else None,
        }


def _changed(overrides: Overrides, wanted: InstanceSettings) -> Overrides:
    unknown = overrides.when_unknown
    if wanted.when_unknown is not None:
        unknown = None if wanted.when_unknown == "default" else wanted.when_unknown
    return Overrides(
        pacing=wanted.pacing or overrides.pacing,
        when_unknown=unknown,
        calls=wanted.calls or overrides.calls,
    )


def waiting_for(instances: Instances, instance_id: str) -> Waiting | None:
    """Why requests of an instance wait: connection, pairing, restriction (until when) or client_outdated.
    None when it is connected, at whichever node.
    """
    instance = instances.known.find(instance_id)
    if instance is None:
        return Waiting("connection")
    condition = instances.known.condition(instance_id)
    if condition.reason == "banned":
        return Waiting("restriction", condition.until)
    if condition.reason == "outdated":
        return Waiting(CLIENT_OUTDATED.code)
    if instance.account is None or condition.state is InstanceState.SCAN_QR_CODE:
        return Waiting("pairing")
    return None if condition.state is InstanceState.WORKING else Waiting("connection")


def _digits(text: str | None) -> str | None:
    return None if text is None else "".join(one for one in text if one.isdecimal())
