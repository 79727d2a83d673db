"""send-voice as existing clients know it: held as data against the document and against live answers."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from waypost.testing.gateway_stage import Stage, gateway_stage

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "send_voice.json").read_text())
GREETING = Path(__file__).parents[1] / "audio" / "greeting.mp3"
Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with gateway_stage(tmp_path_factory.mktemp("contract")) as here:
        yield here


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(stage: Stage) -> Json:
    found: Json = (await stage.http.get("/docs/openapi.json")).json()
    return found


def resolved(schema: Json, document: Json) -> Json:
    """A schema with its reference followed, and of "this or null" the this."""
    if "$ref" in schema:
        return resolved(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    options = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return resolved(options[0], document) if len(options) == 1 and "properties" not in schema else schema


def shape_of_schema(schema: Json, document: Json, names: Json) -> Any:
    """The types that a schema gives to `names`, in the shape of the contract."""
    found = {}
    for name, wanted in names.items():
        inner = resolved(resolved(schema, document)["properties"][name], document)
        found[name] = shape_of_schema(inner, document, wanted) if isinstance(wanted, dict) else inner["type"]
    return found


def shape_of_value(value: Any) -> Any:
    """The types of a live answer, in the shape of the contract."""
    if isinstance(value, dict):
        return {name: shape_of_value(inner) for name, inner in value.items()}
    return {str: "string", bool: "boolean", int: "integer", float: "number"}[type(value)]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_document_declares_path_headers_and_instance(document: Json) -> None:
    operation = document["paths"][CONTRACT["path"]][CONTRACT["method"]]
    by_place: dict[str, list[str]] = {}
    for parameter in operation["parameters"]:
        by_place.setdefault(parameter["in"], []).append(parameter["name"])
    assert by_place["path"] == CONTRACT["path_parameters"]
    assert [name for name in by_place["header"] if name in CONTRACT["headers"]] == CONTRACT["headers"]
    assert set(CONTRACT["content_types"]) <= set(operation["requestBody"]["content"])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("content_type", CONTRACT["content_types"])
async def test_the_document_declares_the_five_documented_fields_with_types_and_required_marks(
    document: Json, content_type: str
) -> None:
    operation = document["paths"][CONTRACT["path"]][CONTRACT["method"]]
    schema = operation["requestBody"]["content"][content_type]["schema"]
    assert set(schema["properties"]) == {*CONTRACT["fields"], *CONTRACT["beyond"]}
    assert not set(CONTRACT["beyond"]) & set(schema["required"])
    for name, wanted in CONTRACT["fields"].items():
        field = resolved(schema["properties"][name], document)
        assert field["type"] == wanted["type"], name
        assert (name in schema["required"]) is wanted.get("required", False), name
        if content_type == "multipart/form-data" and "multipart_format" in wanted:
            assert field["format"] == wanted["multipart_format"]
    either = [{"required": [name]} for name, one in CONTRACT["fields"].items() if "required_without" in one]
    assert sorted(schema["anyOf"], key=str) == sorted(either, key=str)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_document_declares_envelope_and_result(document: Json) -> None:
    operation = document["paths"][CONTRACT["path"]][CONTRACT["method"]]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    envelope = resolved(answer, document)
    assert set(envelope["required"]) == set(CONTRACT["envelope"])
    assert shape_of_schema(answer, document, CONTRACT["envelope"]) == CONTRACT["envelope"]
    result = operation["x-response-body"]
    queued = document["components"]["schemas"]["QueuedRequest"]["properties"]["response_body"]
    assert result in queued["anyOf"]
    assert set(resolved(result, document)["required"]) == set(CONTRACT["result"])
    assert shape_of_schema(result, document, CONTRACT["result"]) == CONTRACT["result"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("as_multipart", [True, False])
async def test_live_answers_have_the_shape_of_the_contract(
    stage: Stage, document: Json, as_multipart: bool
) -> None:
    audio = GREETING.read_bytes()
    nothing = {"caption": "", "reply_to": ""} if as_multipart else {"caption": None, "reply_to": None}
    if as_multipart:
        accepted = await stage.send_voice(audio, **nothing)
    else:
        accepted = await stage.send_voice(file=base64.b64encode(audio).decode(), url=None, **nothing)
    assert accepted.status_code == 200
    assert shape_of_value(accepted.json()) == CONTRACT["envelope"]
    assert accepted.json()["queued"] is True
    assert accepted.json()["message"] == "Processing your request..."
    request = await stage.finished(accepted)
    kinds = {name: "object" if isinstance(request[name], dict) else "" for name in CONTRACT["queued_request"]}
    for name, wanted in CONTRACT["queued_request"].items():
        assert wanted != "object" or kinds[name] == "object", (name, request[name])
    assert request["response_status"] == 201
    assert shape_of_value(request["response_body"]) == CONTRACT["result"]
    whole = document["components"]["schemas"]["QueuedRequest"]
    jsonschema.validate(request, {**whole, "components": document["components"]})
    assert all(isinstance(values, list) for values in request["response_header"].values())
    assert request["request"]["file"]["size"] == len(audio)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unfinished_request_has_no_response(stage: Stage) -> None:
    made = await stage.create("unpaired", "447700900111")
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    path = f"/api/whatsapp/v2/{made['id']}"
    body = {"chatId": "447700900102@c.us", "file": "data:audio/mpeg;base64,SUQz"}
    accepted = await stage.http.post(f"{path}/send-voice", headers=headers, json=body)
    waiting = (await stage.http.get(accepted.json()["queued_request_link"], headers=headers)).json()
    assert waiting["status"] in ("queued", "preparing", "failed")
    if waiting["status"] != "failed":
        nothing = [waiting[name] for name in ("response_status", "response_body", "response_header")]
        assert nothing == [None, None, None]
