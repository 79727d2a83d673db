"""Stanzas of real sessions, with the content cut short: what the seeds of several targets are made of."""

from waypost.sandbox.wire.node import SERVER_JID, Jid, Node

ADA = Jid("491700000001", "s.whatsapp.net")
ADA_LID = Jid("100000000000001", "lid")
US = Jid("4915200000001", "s.whatsapp.net", 1)


def iq(xmlns: str, type: str, *content: Node) -> Node:
    """A request of a client."""
    return Node("iq", {"xmlns": xmlns, "type": type, "id": "9.1", "to": SERVER_JID}, content or None)


def _key(id: bytes, size: int = 32) -> tuple[Node, ...]:
    return Node("id", {}, id), Node("value", {}, bytes(range(size)))


_SKEY = Node("skey", {}, (*_key(b"\0\0\x01"), Node("signature", {}, bytes(64))))
_UPLOAD = iq(
    "encrypt",
    "set",
    Node("registration", {}, b"\0\0\x12\x34"),
    Node("type", {}, b"\x05"),
    Node("identity", {}, bytes(32)),
    Node("list", {}, (Node("key", {}, _key(b"\0\0\x02")),)),
    _SKEY,
)
_QUERY = Node(
    "query", {}, (Node("contact", {"addressing_mode": "lid"}), Node("devices", {"version": "2"}), Node("lid"))
)
_USERS = Node(
    "list", {}, (Node("user", {}, (Node("contact", {}, b"+491700000001"),)), Node("user", {"jid": ADA}))
)
_USYNC = iq(
    "usync",
    "get",
    Node(
        "usync",
        {"sid": "1.2", "mode": "query", "context": "message", "index": "0", "last": "true"},
        (_QUERY, _USERS),
    ),
)
_ENC = Node("enc", {"v": "2", "type": "pkmsg", "mediatype": "ptt"}, b"3" + bytes(80))
_FAN_OUT = Node("participants", {}, (Node("to", {"jid": ADA_LID}, (_ENC,)), Node("to", {"jid": US}, (_ENC,))))
_RETRY = Node(
    "receipt",
    {"to": ADA, "id": "3EB0C767D26A8A9B", "type": "retry", "t": "1700000000"},
    (
        Node("retry", {"count": "2", "id": "3EB0C767D26A8A9B", "t": "1700000000", "v": "1"}),
        Node("registration", {}, b"\0\0\x12\x34"),
        Node(
            "keys",
            {},
            (
                Node("type", {}, b"\x05"),
                Node("identity", {}, bytes(32)),
                Node("key", {}, _key(b"\0\0\x03")),
                _SKEY,
            ),
        ),
    ),
)

STANZAS = [
    _UPLOAD,
    _USYNC,
    iq("encrypt", "get", Node("count")),
    iq("encrypt", "get", Node("digest")),
    iq("encrypt", "get", Node("key", {}, (Node("user", {"jid": ADA}), Node("user", {"jid": ADA_LID})))),
    iq("encrypt", "set", Node("rotate", {}, (_SKEY,))),
    iq("passive", "set", Node("active")),
    iq("w:m", "set", Node("media_conn")),
    iq("w:mex", "get", Node("query", {"query_id": "23983697327930364"}, b'{"variables":{}}')),
    iq(
        "w:sync:app:state",
        "set",
        Node("sync", {}, (Node("collection", {"name": "regular", "version": "0"}),)),
    ),
    iq("w:g2", "get", Node("participating", {}, (Node("participants"),))),
    iq("md", "set", Node("remove-companion-device", {"jid": US, "reason": "user_initiated"})),
    Node("iq", {"id": "1.1", "type": "result", "to": SERVER_JID}),
    Node(
        "message",
        {"to": ADA, "id": "3EB0C767D26A8A9B", "type": "media"},
        (_FAN_OUT, Node("device-identity", {}, bytes(20))),
    ),
    Node("message", {"to": ADA_LID, "id": "3EB0C767D26A8A9C", "type": "text", "edit": "1"}, (_ENC,)),
    Node(
        "message",
        {"to": US.bare, "id": "3EB0C767D26A8A9D", "category": "peer", "peer_recipient_pn": ADA},
        (_ENC,),
    ),
    _RETRY,
    Node(
        "receipt", {"to": ADA, "id": "A1", "type": "read"}, (Node("list", {}, (Node("item", {"id": "A2"}),)),)
    ),
    Node("receipt", {"to": ADA_LID, "id": "A1", "recipient": ADA, "participant": ADA_LID}),
    Node("ack", {"class": "message", "id": "A1", "to": ADA, "error": "500"}),
    Node("ack", {"class": "receipt", "id": "A1", "type": "retry", "to": ADA}),
    Node("presence", {"type": "available", "name": "Ann – 12-3."}),
    Node("chatstate", {"to": ADA}, (Node("composing", {"media": "audio"}),)),
    Node("ib", {}, (Node("unified_session", {"id": "FF00"}),)),
]
