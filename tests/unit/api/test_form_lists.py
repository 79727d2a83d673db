"""Lists and objects in forms, which know texts alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from waypost.api.body import BodyReader
from waypost.api.fields import FieldsReader
from waypost.errors import InvalidRequest
from waypost.media.blobs import LocalBlobs


class Question(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    options: list[str]


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    named: Annotated[Annotated[list[str], Meta(max_length=2)] | None, Meta(description="People.")] = None
    question: Question | None = None


READER = FieldsReader(Fields)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"named": '["a", "b"]'}, Fields(named=["a", "b"])),
        ({"named": "a"}, Fields(named=["a"])),
        ({"named": ["a"]}, Fields(named=["a"])),
        ({"named": "[a"}, Fields(named=["[a"])),
        ({"text": "[1]"}, Fields(text="[1]")),
        ({"question": '{"name": "?", "options": ["x"]}'}, Fields(question=Question(name="?", options=["x"]))),
    ],
)
def test_a_list_and_an_object_are_read_of_their_json(given: dict[str, Any], read: Fields) -> None:
    assert READER.read(given) == read


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"named": '["a", "b", "c"]'}, "named"),
        ({"named": "[1]"}, "named"),
        ({"named": '["a\\u0000b"]'}, "named"),
        ({"question": "soup?"}, "question"),
        ({"question": '{"name": "?"}'}, "question"),
        ({"question": '{"name": "\\u0000", "options": []}'}, "question"),
        ({"question": "{" * 5000}, "question"),
    ],
)
def test_what_is_wrong_in_it_is_told_at_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as wrong:
        READER.read(given)
    assert set(wrong.value.errors) == {field}


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("application/x-www-form-urlencoded", b"named%5B%5D=a&text=x&named[]=b&text=y"),
        (
            "multipart/form-data; boundary=B",
            b"".join(
                b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part
                for part in ((b"named[]", b"a"), (b"text", b"x"), (b"named[]", b"b"), (b"text", b"y"))
            )
            + b"--B--\r\n",
        ),
    ],
)
async def test_a_field_with_brackets_is_one_of_a_list_and_of_others_the_last_one_counts(
    tmp_path: Path, kind: str, data: bytes
) -> None:
    blobs = LocalBlobs(tmp_path)
    body = await BodyReader(blobs, 100, 100, 5).read(once(data), kind, None, None)
    blobs.close()
    assert body.fields == {"named": ["a", "b"], "text": "y"}
