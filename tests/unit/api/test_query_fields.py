"""Fields that come in the query, as the document shows them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.api.endpoint import Call, Endpoint
from waypost.api.openapi import document
from waypost.api.replies import Reply


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    chatId: Annotated[str, Meta(description="The chat.")]
    days: int = 1


class Optional(msgspec.Struct, frozen=True, kw_only=True):
    days: int = 1


async def answer(call: Call) -> Reply:
    return Reply()


def parameters(kind: type[msgspec.Struct]) -> tuple[dict[str, tuple[bool, str]], bool]:
    """Name to (required, description) of what is in the query, and whether there is a body."""
    endpoint = Endpoint(
        method="DELETE",
        path="/x",
        summary="x",
        scope="send",
        answer=answer,
        tag="Messages",
        fields=kind,
        fields_in="query",
        result=dict,
    )
    operation = document([endpoint], "0")["paths"]["/x"]["delete"]
    found = {
        one["name"]: (one["required"], one["description"])
        for one in operation["parameters"]
        if one["in"] == "query"
    }
    return found, "requestBody" in operation


def test_each_field_is_a_parameter_and_there_is_no_body() -> None:
    assert parameters(Fields) == ({"chatId": (True, "The chat."), "days": (False, "")}, False)


def test_a_query_may_have_nothing_that_is_required() -> None:
    assert parameters(Optional) == ({"days": (False, "")}, False)
