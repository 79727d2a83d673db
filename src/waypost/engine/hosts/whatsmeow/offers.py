"""Calls that somebody begins, as events of the port."""

from typing import Any

from waypost.engine.hosts.whatsmeow.jids import id_of, text_of, to_text
from waypost.engine.port import CallOffered


def offered(event: Any, instance_id: str, at: float) -> CallOffered:
    """A call of one person."""
    video = any(text_of(node.Tag) == "video" for node in event.data.Nodes)
    return _call(event.basicCallMeta, instance_id, at, video, None)


def noticed(event: Any, instance_id: str, at: float) -> CallOffered:
    """A call in a group, which the server only gives notice of."""
    group = next((_value(one) for one in event.data.Attrs if text_of(one.name) == "group-jid"), None)
    return _call(event.basicCallMeta, instance_id, at, text_of(event.media) == "video", group)


def _call(meta: Any, instance_id: str, at: float, video: bool, group: str | None) -> CallOffered:
    call_id = id_of(meta.callID)
    return CallOffered(
        instance_id=instance_id,
        at=at,
        key=f"call:{call_id}",
        call_id=call_id,
        caller=to_text(meta.callCreator) or to_text(getattr(meta, "from")) or "",
        caller_alt=to_text(meta.callCreatorAlt),
        timestamp=meta.timestamp,
        video=video,
        group=group,
    )


def _value(attribute: Any) -> str | None:
    return to_text(attribute.jid) if attribute.HasField("jid") else text_of(attribute.text) or None
