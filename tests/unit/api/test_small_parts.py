import base64
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from waypost.api.body import body_of
from waypost.api.encoded_file import decode_file
from waypost.api.fields import FieldsReader
from waypost.api.limits import WINDOW_SECONDS, CallLimits
from waypost.api.prefer import wait_seconds
from waypost.api.webhooks_api import CreateWebhook
from waypost.errors import ApiError, InvalidRequest
from waypost.operations.kind import FilePolicy
from waypost.operations.messages.send_file import SendFileFields
from waypost.testing.clock import FakeClock


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=10", 10),
        ("Wait = 10", 10),
        ('respond-async, wait="5"', 5),
        ("wait=600", 60),
        ("wait=x", None),
        ("await=10", None),
    ],
)
def test_prefer_wait_is_read_and_bounded(header: str | None, seconds: int | None) -> None:
    assert wait_seconds(header, 60) == seconds


def test_the_call_after_the_limit_is_refused_until_a_minute_has_passed() -> None:
    clock = FakeClock()
    limits = CallLimits(clock)
    for _ in range(2):
        limits.take("restart", "i", 2)
    limits.take("restart", "other", 2)
    with pytest.raises(ApiError) as refused:
        limits.take("restart", "i", 2)
    assert refused.value.facts["retry_after"] == WINDOW_SECONDS
    clock.advance(WINDOW_SECONDS)
    limits.take("restart", "i", 2)


def test_no_limit_counts_nothing() -> None:
    limits = CallLimits(FakeClock())
    for _ in range(100):
        limits.take("restart", "i", 0)


@given(st.binary(max_size=200), st.booleans(), st.booleans(), st.booleans())
def test_base64_is_read_in_all_its_spellings(data: bytes, url_safe: bool, padded: bool, as_uri: bool) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    text = text if padded else text.rstrip("=")
    text = f"data:audio/ogg;base64,{text}" if as_uri else text
    assert decode_file(text, "file") == data


@pytest.mark.parametrize("text", ["<string>", "http://x.test/a.mp3", "abc$", "A", "ü"])
def test_what_is_not_base64_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_file(text, "file")
    assert list(refused.value.errors) == ["file"]


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    chatId: str
    count: int = 0
    asNote: bool = False
    caption: Annotated[Annotated[str, Meta(max_length=3)] | None, Meta(description="x")] = None
    url: str | None = None


@pytest.mark.parametrize(
    ("given_fields", "wanted"),
    [
        ({"chatId": "1", "count": "3", "asNote": "true"}, Fields(chatId="1", count=3, asNote=True)),
        ({"chatId": 491511, "unknown": {}}, Fields(chatId="491511")),
    ],
)
def test_fields_are_read_as_forms_and_sloppy_json_send_them(
    given_fields: dict[str, Any], wanted: Fields
) -> None:
    assert FieldsReader(Fields).read(given_fields) == wanted


def test_all_mistakes_are_told_each_at_its_field() -> None:
    reader = FieldsReader(Fields, FilePolicy())
    with pytest.raises(InvalidRequest) as refused:
        reader.read({"count": "x", "caption": "long", "asNote": []})
    assert refused.value.errors == {
        "chatId": ["The chatId field is required."],
        "count": ["The count field must be a whole number."],
        "asNote": ["The asNote field must be true or false."],
        "caption": ["The caption field must have at most 3 characters."],
        "url": ["The url field is required when file is not present."],
        "file": ["The file field is required when url is not present."],
    }


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None


class Bounded(msgspec.Struct, frozen=True, kw_only=True):
    degrees: Annotated[float, Meta(ge=-90, le=90)] = 0.0
    parts: Annotated[int, Meta(ge=2)] = 2
    contacts: Annotated[list[Inner], Meta(min_length=1, max_length=2)] = []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"degrees": 90.5}, "The degrees field must be at most 90."),
        ({"degrees": "-91"}, "The degrees field must be at least -90."),
        ({"degrees": "nan"}, "The degrees field must be at least -90."),
        ({"degrees": "inf"}, "The degrees field must be at most 90."),
        ({"parts": 1}, "The parts field must be at least 2."),
        ({"contacts": []}, "The contacts field must have at least 1 items."),
        ({"contacts": [{}, {}, {}]}, "The contacts field must have at most 2 items."),
        ({"contacts": [{}, {"name": [1]}]}, "The contacts[1].name field must be a text."),
        ({"contacts": [7]}, "The contacts[0] field must be an object."),
    ],
)
def test_a_bound_is_told_with_the_field_that_it_is_of(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        FieldsReader(Bounded).read(wrong)
    assert refused.value.errors == {next(iter(wrong)): [sentence]}


def test_an_empty_field_is_absent_and_known_to_have_been_empty() -> None:
    body = body_of({"chatId": "1", "reaction": "", "caption": None, "count": 0})
    assert body.fields == {"chatId": "1", "count": 0}
    assert body.blank == {"reaction"}


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (CreateWebhook, {"url": "https://x.test", "user_id": "shop\n"}, "user_id"),
        (CreateWebhook, {"url": "https://x.test", "user_id": "a b"}, "user_id"),
        (SendFileFields, {"chatId": "49151", "mimetype": "text/plain\n"}, "mimetype"),
        (SendFileFields, {"chatId": "49151", "mimetype": "text/plain\n; x=1"}, "mimetype"),
    ],
    ids=["header", "blank", "type", "parameter"],
)
def test_no_line_feed_gets_to_where_headers_are_made(
    kind: type[msgspec.Struct], fields: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        FieldsReader(kind).read(fields)
    assert list(refused.value.errors) == [field]


def test_a_media_type_may_have_parameters() -> None:
    fields = {"chatId": "49151", "mimetype": "audio/ogg; codecs=opus"}
    assert FieldsReader(SendFileFields).read(fields).mimetype == "audio/ogg; codecs=opus"
