import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.address import Jid, MessageRef, Server, chat_key, parse_chat_id, parse_message_id, parse_phone
from waypost.errors import InvalidRequest

numbers = st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True)
groups = st.from_regex(r"[0-9]{10,20}(-[0-9]{10})?", fullmatch=True)
devices = st.integers(min_value=0, max_value=65535)
chats = st.one_of(
    st.builds(Jid, numbers, st.sampled_from([Server.USER, Server.LID])),
    st.builds(Jid, groups, st.just(Server.GROUP)),
)
short_ids = st.from_regex(r"[A-Za-z0-9.\-]{1,40}", fullmatch=True)


@given(st.builds(Jid, numbers, st.sampled_from(Server), devices))
def test_every_jid_reads_back_from_its_own_text(jid: Jid) -> None:
    assert Jid.parse(str(jid)) == jid


@given(chats)
def test_every_chat_reads_back_from_both_of_its_spellings(chat: Jid) -> None:
    assert parse_chat_id(chat.chat_id) == chat
    assert parse_chat_id(str(chat)) == chat


@given(st.builds(MessageRef, short_ids, chats, st.booleans(), st.none() | chats))
def test_every_whole_message_id_reads_back(ref: MessageRef) -> None:
    assert parse_message_id(str(ref)) == ref


@given(short_ids)
def test_every_short_message_id_reads_back(short: str) -> None:
    assert parse_message_id(short) == MessageRef(short)
    assert str(MessageRef(short)) == short


@given(st.text(max_size=40))
def test_any_text_is_a_chat_or_an_invalid_request(text: str) -> None:
    try:
        chat = parse_chat_id(text)
    except InvalidRequest:
        return
    assert parse_chat_id(chat.chat_id) == chat


@given(st.text(max_size=60))
def test_any_text_is_a_message_id_or_an_invalid_request(text: str) -> None:
    try:
        ref = parse_message_id(text, "reply_to")
    except InvalidRequest:
        return
    assert parse_message_id(str(ref)) == ref


@pytest.mark.parametrize(
    "written",
    [
        "12132132131@c.us",
        "12132132131@s.whatsapp.net",
        "12132132131",
        "+12132132131",
        "+1 (213) 213-2131",
        " +1 213.213.2131 ",
        "\u202a+1 213\u2011213\u20112131\u202c",
    ],
)
def test_all_spellings_of_a_number_are_one_chat(written: str) -> None:
    chat = parse_chat_id(written)
    assert str(chat) == "12132132131@s.whatsapp.net"
    assert chat.chat_id == "12132132131@c.us"


def test_a_trunk_zero_in_brackets_is_left_out() -> None:
    assert parse_phone("+49 (0)151 12345678") == "4915112345678"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        " ",
        "bob",
        "1234",
        "1234567890123456",
        "0151 12345678",
        "015112345678",
        "015112345678@c.us",
        "+",
        "+1",
        "+0049151123456",
        "+1-800-FLOWERS",
        "+12132132131;ext=5",
        "12132132131@gmail.com",
        "12132132131@",
        "@c.us",
        "12132132131@c.us@c.us",
        "12132132131:3@s.whatsapp.net",
        "12132132131-1400000000@lid",
        "status@broadcast",
        "120363000000000000@newsletter",
        "12132132131@c.us\x00",
        "١٢٣٤٥٦٧٨٩",
    ],
)
def test_anything_else_is_refused_with_what_is_expected(wrong: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_chat_id(wrong)
    assert "@c.us" in caught.value.errors["chatId"][0]


def test_a_phone_without_its_country_code_is_refused() -> None:
    for wrong in ["2132132131", "12132132131", "+999 123456789", "phone"]:
        with pytest.raises(InvalidRequest):
            parse_phone(wrong)


def test_a_device_is_read_and_taken_away() -> None:
    jid = Jid.parse("12132132131.0:17@c.us")
    assert (jid.user, jid.server, jid.device) == ("12132132131", Server.USER, 17)
    assert str(jid) == "12132132131:17@s.whatsapp.net"
    assert str(jid.bare) == "12132132131@s.whatsapp.net"
    assert jid.chat_id == "12132132131@c.us"


@pytest.mark.parametrize(
    "wrong", ["", "12:", "12@c.us:3", "12:70000@lid", "12:123456@lid", "a@lid", "12@LID", "@lid"]
)
def test_what_is_no_jid_is_a_value_error(wrong: str) -> None:
    with pytest.raises(ValueError, match="A JID is"):
        Jid.parse(wrong)


def test_the_chat_key_is_the_lid_once_it_is_known() -> None:
    number, lid = Jid.parse("12132132131:4@c.us"), Jid.parse("99887766:2@lid")
    assert chat_key(number) == "12132132131@s.whatsapp.net"
    assert chat_key(number, lid) == chat_key(lid) == "99887766@lid"
    assert chat_key(Jid.parse("120363000000000000@g.us"), lid) == "120363000000000000@g.us"


def test_a_whole_message_id_tells_chat_side_and_author() -> None:
    ref = parse_message_id("false_120363000000000000@g.us_3EB0C767D26A8A9B_12132132131@c.us")
    assert ref.id == "3EB0C767D26A8A9B"
    assert not ref.from_me
    assert ref.chat is not None
    assert ref.chat.is_group
    assert str(ref.participant) == "12132132131@s.whatsapp.net"


@pytest.mark.parametrize(
    "wrong",
    ["", "a b", "true_3EB0", "yes_1213213@c.us_3EB0", "true_x@c.us_3EB0", "true_1213213@c.us_", "a_b_c_d_e"],
)
def test_a_wrong_message_id_names_its_field(wrong: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_id(wrong, "reply_to")
    assert list(caught.value.errors) == ["reply_to"]
