from fuzz.target import Target
from waypost.address import Jid, MessageRef, Server, chat_key, parse_chat_id, parse_message_id, parse_phone
from waypost.errors import InvalidRequest


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for read in (_chat_id, _phone, _message_id, _jid):
        read(text)


def _chat_id(text: str) -> None:
    try:
        chat = parse_chat_id(text)
    except InvalidRequest as error:
        assert set(error.errors) == {"chatId"}
        return
    assert chat.device == 0
    assert chat.server in (Server.USER, Server.LID, Server.GROUP)
    assert parse_chat_id(chat.chat_id) == parse_chat_id(str(chat)) == chat
    assert chat_key(chat) == str(chat)
    assert str(chat).isascii()
    if chat.is_number:
        assert parse_chat_id(chat.user) == chat


def _phone(text: str) -> None:
    try:
        digits = parse_phone(text)
    except InvalidRequest as error:
        assert set(error.errors) == {"phone"}
        return
    assert digits.isascii()
    assert digits.isdigit()
    assert parse_chat_id(digits) == parse_chat_id(text)


def _message_id(text: str) -> None:
    try:
        ref = parse_message_id(text)
    except InvalidRequest as error:
        assert set(error.errors) == {"messageId"}
        return
    assert parse_message_id(str(ref)) == ref
    assert parse_message_id(ref.id) == MessageRef(ref.id)


def _jid(text: str) -> None:
    try:
        jid = Jid.parse(text)
    except ValueError:
        return
    assert Jid.parse(str(jid)) == jid
    assert Jid.parse(jid.chat_id) == jid.bare


TARGET = Target(
    promise="an address or an id is InvalidRequest on its field, or means the same in each of its spellings",
    check=check,
    seeds=lambda: [
        text.encode()
        for text in (
            *(
                "4915112345678@c.us",
                "4915112345678",
                "+1 (213) 213-2131",
                "99@lid",
                "120363025246125486@g.us",
            ),
            *("4915112345678-1400000000@g.us", "4915:12@s.whatsapp.net", "4915.1:12@s.whatsapp.net"),
            *("status@broadcast", "3EB0C767D26A8A9B", "true_4915112345678@c.us_3EB0C767D26A8A9B"),
            *(
                "false_120363025246125486@g.us_3A_99@lid",
                "\u202a+49 151 12345678\u202c",
                "+49 (0) 151/123-456 78",
            ),
        )
    ],
    longest=200,
    rate=1500,
)
