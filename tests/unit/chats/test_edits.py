"""Sealed edits: what a stranger may put into one, and into the protobuf inside of it."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from waypost.chats.edits import opened, words_of
from waypost.chats.reading import Sealed

LID, NUMBER = "99@lid", "447700900002@s.whatsapp.net"
SECRET, IV = bytes(range(32)), bytes(12)


def sealed(plain: bytes, author: str, editor: str, iv: bytes = IV) -> Sealed:
    info = f"3A1{author}{editor}Message Edit".encode()
    key = HKDF(SHA256(), 32, salt=None, info=info).derive(SECRET)
    return Sealed(kind="MESSAGE_EDIT", payload=AESGCM(key).encrypt(IV, plain, None), iv=iv)


TEXT = b"\x0a\x02hi"  # conversation


def test_an_edit_is_opened_by_whichever_names_its_author_goes_by() -> None:
    for author, editor in ((LID, LID), (NUMBER, NUMBER), (LID, NUMBER)):
        words = opened(sealed(TEXT, author, editor), "3A1", SECRET, (LID, NUMBER))
        assert words is not None
        assert words.names == {"conversation": "hi"}
    assert opened(sealed(TEXT, LID, LID), "3A1", SECRET, ("98@lid",)) is None
    assert opened(sealed(TEXT, LID, LID), "3A1", bytes(32), (LID,)) is None
    assert opened(sealed(TEXT, LID, LID, iv=b""), "3A1", SECRET, (LID,)) is None


def test_words_are_found_within_an_edit_and_within_wrappers() -> None:
    edit = b"\x62\x06" + b"\x72\x04" + TEXT  # protocolMessage.editedMessage
    assert getattr(words_of(edit), "content", None) == TEXT
    caption = b"\x1a\x05\x1a\x03cat"  # imageMessage.caption
    wrapped = b"\xc2\x02\x09\x0a\x07" + caption  # ephemeralMessage.message
    words = words_of(wrapped)
    assert words is not None
    assert (words.names, words.content) == ({"imageMessage": {"caption": "cat"}}, caption)


def test_wrappers_without_end_have_no_words() -> None:
    message = TEXT
    for _ in range(20):
        message = b"\xc2\x02" + bytes([len(message) + 2]) + b"\x0a" + bytes([len(message)]) + message
    assert words_of(message) is None


@given(st.binary(max_size=200))
def test_whatever_is_inside_nothing_is_raised(plain: bytes) -> None:
    opened(sealed(plain, LID, LID), "3A1", SECRET, (LID,))
    opened(Sealed(kind="MESSAGE_EDIT", payload=plain, iv=IV), "3A1", SECRET, (LID,))
