"""The operations that send a message of a kind of their own: each from the call to what its contact sees."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from waypost.sandbox.views import InboxMessage, Send
from waypost.testing.gateway_stage import CONTACT, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

CHAT = f"{CONTACT}@c.us"
JID = f"{CONTACT}@s.whatsapp.net"
Json = dict[str, Any]


async def post(stage: Stage, operation: str, **fields: Any) -> Response:
    path, headers = f"{stage.instance.base}/{operation}", stage.instance.headers
    return await stage.http.post(path, headers=headers, json={"chatId": CHAT, **fields})


async def put(stage: Stage, operation: str, **fields: Any) -> Response:
    path, headers = f"{stage.instance.base}/{operation}", stage.instance.headers
    return await stage.http.put(path, headers=headers, json=fields)


async def delete(stage: Stage, operation: str, **query: str) -> Response:
    path, headers = f"{stage.instance.base}/{operation}", stage.instance.headers
    return await stage.http.delete(path, headers=headers, params=query)


async def sent(stage: Stage, answer: Response) -> tuple[Json, InboxMessage]:
    """The result of a call, and what the contact received of it."""
    request = await stage.finished(answer)
    assert (request["response_status"], request["status"]) == (201, "sent"), request
    result: Json = request["response_body"]
    assert result["key"]["remoteJid"] == JID
    assert result["key"]["fromMe"] is True
    assert int(result["messageTimestamp"]) > 1_600_000_000

    async def look() -> InboxMessage | None:
        inbox = await stage.inbox()
        return next((one for one in inbox.messages if one.id == result["key"]["id"]), None)

    found: InboxMessage = await until(look, lambda one: one is not None)
    assert found.times == 1
    return result, found


async def failed(stage: Stage, answer: Response, status: int, code: str) -> Json:
    request = await stage.finished(answer)
    assert (request["response_status"], request["error"]["code"]) == (status, code)
    body: Json = request["response_body"]
    return body


async def text(stage: Stage, words: str) -> str:
    """The id of a text that was sent."""
    result, _ = await sent(stage, await post(stage, "send-text", text=words))
    return str(result["key"]["id"])


async def incoming(stage: Stage, words: str) -> str:
    """The id of a text that the contact sent, once a reply quotes it."""
    wrote = await stage.control.send(f"+{CONTACT}", Send(to=f"+{stage.instance.phone}", text=words))

    async def reply() -> Json:
        return (await sent(stage, await post(stage, "send-text", text="yes", reply_to=wrote.id)))[0]

    await until(reply, lambda result: "warnings" not in result)
    return wrote.id


# --- locations ------------------------------------------------------------------------------------------


async def test_a_location_arrives_with_its_name_and_quotes(stage: Stage) -> None:
    replied = await text(stage, "Where?")
    answer = await post(
        stage, "send-location", latitude=52.5163, longitude=-13.3777, title="The gate", reply_to=replied
    )
    result, got = await sent(stage, answer)
    place = {"degreesLatitude": 52.5163, "degreesLongitude": -13.3777, "name": "The gate"}
    assert result["message"] == {"locationMessage": place}
    assert (got.type, got.quoted_id, got.quoted_text) == ("location", replied, "Where?")
    seen = got.fields["location"]
    assert (seen["degrees_latitude"], seen["degrees_longitude"]) == (52.5163, -13.3777)
    assert seen["name"] == "The gate"


async def test_a_location_may_come_as_a_form_and_without_a_name(stage: Stage) -> None:
    form = {"chatId": CHAT, "latitude": "0", "longitude": "12.5", "title": ""}
    path = f"{stage.instance.base}/send-location"
    result, got = await sent(stage, await stage.http.post(path, headers=stage.instance.headers, data=form))
    assert result["message"] == {"locationMessage": {"degreesLatitude": 0.0, "degreesLongitude": 12.5}}
    assert got.fields["location"] == {"degrees_latitude": 0.0, "degrees_longitude": 12.5}


@pytest.mark.parametrize(
    ("fields", "wrong", "sentence"),
    [
        ({"latitude": 91, "longitude": 0}, "latitude", "The latitude field must be at most 90."),
        ({"latitude": 0, "longitude": -180.5}, "longitude", "The longitude field must be at least -180."),
        ({"latitude": "nan", "longitude": 0}, "latitude", "The latitude field must be at least -90."),
        ({"latitude": "north", "longitude": 0}, "latitude", "The latitude field must be a number."),
        ({"latitude": 0, "longitude": None}, "longitude", "The longitude field is required."),
    ],
)
async def test_a_place_that_is_none_is_refused_at_its_field(
    stage: Stage, fields: Json, wrong: str, sentence: str
) -> None:
    answer = await post(stage, "send-location", **fields)
    assert (answer.status_code, answer.json()["errors"]) == (422, {wrong: [sentence]})


# --- contacts -------------------------------------------------------------------------------------------

BEA = {"vcard": None, "fullName": "Bea; Ltd", "organization": "Mill, Inc", "phoneNumber": "+44 7700 900102"}


async def test_one_contact_is_a_card(stage: Stage) -> None:
    answer = await post(stage, "send-contact-card", contacts=[{**BEA, "whatsappId": "447700900102@c.us"}])
    result, got = await sent(stage, answer)
    card = result["message"]["contactMessage"]
    assert card["displayName"] == "Bea; Ltd"
    assert card["vcard"].split("\n") == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:;Bea\\; Ltd;;;",
        "FN:Bea\\; Ltd",
        "ORG:Mill\\, Inc;",
        "TEL;type=CELL;type=VOICE;waid=447700900102:+44 7700 900102",
        "END:VCARD",
    ]
    assert got.type == "contact"
    assert got.fields["contact"] == {"display_name": "Bea; Ltd", "vcard": card["vcard"]}


async def test_several_contacts_are_a_list(stage: Stage) -> None:
    own = "BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.FN;CHARSET=UTF-8:Jörg\r\n\t\\, the baker\r\nEND:VCARD\r\n"
    result, got = await sent(stage, await post(stage, "send-contact-card", contacts=[BEA, {"vcard": own}]))
    cards = result["message"]["contactsArrayMessage"]
    assert [card["displayName"] for card in cards["contacts"]] == ["Bea; Ltd", "Jörg, the baker"]
    assert cards["displayName"] == "2 contacts"
    assert got.fields["13"]["1"] == "2 contacts"
    assert [card["1"] for card in got.fields["13"]["2"]] == ["Bea; Ltd", "Jörg, the baker"]
    assert got.fields["13"]["2"][1]["16"] == own


@pytest.mark.parametrize(
    ("contacts", "sentence"),
    [
        ([], "The contacts field must have at least 1 items."),
        ([{"fullName": "Bea"}], "contacts[0] needs a vcard, or fullName and phoneNumber."),
        ([{"vcard": "Bea"}], "The vcard of contacts[0] must begin with BEGIN:VCARD."),
        ([BEA, {"vcard": 7.5}], "The contacts[1].vcard field must be a text."),
        ("Bea", "The contacts field must be a list."),
    ],
)
async def test_contacts_that_are_none_are_refused(stage: Stage, contacts: Any, sentence: str) -> None:
    answer = await post(stage, "send-contact-card", contacts=contacts)
    assert (answer.status_code, answer.json()["errors"]) == (422, {"contacts": [sentence]})


# --- reactions and deletions ----------------------------------------------------------------------------


async def test_a_reaction_names_our_own_message(stage: Stage) -> None:
    about = await text(stage, "react to me")
    answer = await put(stage, "react-to-message", chatId=CHAT, messageId=about, reaction="👍")
    result, got = await sent(stage, answer)
    said = result["message"]["reactionMessage"]
    assert (said["key"], said["text"]) == ({"remoteJid": JID, "fromMe": True, "id": about}, "👍")
    assert (got.type, got.text) == ("reaction", "👍")
    seen = got.fields["reaction"]
    assert seen["key"] == {"remote_jid": JID, "from_me": True, "id": about}
    assert str(seen["sender_timestamp_ms"]) == said["senderTimestampMs"]


async def test_a_reaction_to_theirs_is_taken_away_by_an_empty_one(stage: Stage) -> None:
    about = await incoming(stage, "did you hear?")
    for reaction in ("❤️", ""):
        answer = await put(stage, "react-to-message", chatId=CHAT, messageId=about, reaction=reaction)
        result, got = await sent(stage, answer)
        assert result["message"]["reactionMessage"]["text"] == reaction
        assert result["message"]["reactionMessage"]["key"]["fromMe"] is False
        assert got.fields["reaction"]["key"] == {"remote_jid": JID, "from_me": False, "id": about}
        assert got.fields["reaction"]["text"] == reaction


async def test_a_whole_id_names_the_chat_too(stage: Stage) -> None:
    whole = f"false_{CHAT}_3EB0222222222222222222"
    result, got = await sent(stage, await put(stage, "react-to-message", messageId=whole, reaction="🎉"))
    assert got.fields["reaction"]["key"]["id"] == "3EB0222222222222222222"
    assert result["message"]["reactionMessage"]["key"]["fromMe"] is False


async def test_a_reaction_needs_a_message_that_is_known(stage: Stage) -> None:
    unknown = await put(stage, "react-to-message", chatId=CHAT, messageId="3EB0FFFF", reaction="👍")
    await failed(stage, unknown, 404, "message_not_found")
    nowhere = await put(stage, "react-to-message", messageId="3EB0FFFF", reaction="👍")
    assert nowhere.json()["errors"] == {"chatId": ["The chatId field is required with a short messageId."]}
    nothing = await put(stage, "react-to-message", chatId=CHAT, messageId="3EB0FFFF", reaction=None)
    assert nothing.json()["errors"] == {"reaction": ["The reaction field is required."]}


async def test_a_deleted_message_is_revoked_at_the_contact(stage: Stage) -> None:
    about = await text(stage, "a mistake")
    result, got = await sent(stage, await delete(stage, "delete-message", chatId=CHAT, messageId=about))
    key = {"remoteJid": JID, "fromMe": True, "id": about}
    assert result["message"] == {"protocolMessage": {"key": key, "type": "REVOKE"}}
    assert got.type == "protocol"
    assert got.fields["protocol"] == {
        "key": {"remote_jid": JID, "from_me": True, "id": about},
        "type": "REVOKE",
    }


async def test_what_others_wrote_can_not_be_deleted_in_a_chat_of_two(stage: Stage) -> None:
    whole = f"false_{CHAT}_3EB0333333333333333333"
    answer = await delete(stage, "delete-message", chatId=CHAT, messageId=whole)
    assert "messageId" in (await failed(stage, answer, 422, "message_not_own"))["errors"]


async def test_a_deletion_has_its_fields_in_the_query(stage: Stage) -> None:
    missing = await delete(stage, "delete-message", chatId=CHAT)
    assert missing.json()["errors"] == {"messageId": ["The messageId field is required."]}
    document = (await stage.http.get("/docs/openapi.json")).json()
    operation = document["paths"]["/api/whatsapp/v2/{instance}/delete-message"]["delete"]
    query = {one["name"]: one["required"] for one in operation["parameters"] if one["in"] == "query"}
    assert query == {"chatId": True, "messageId": True}
    assert "requestBody" not in operation


# --- typing ---------------------------------------------------------------------------------------------


async def test_typing_is_shown_before_the_text_and_ends(stage: Stage) -> None:
    answers = [
        await post(stage, "start-typing"),
        await post(stage, "send-text", text="typed"),
        await post(stage, "stop-typing"),
    ]
    started, _, stopped = [await stage.finished(answer) for answer in answers]
    for request in (started, stopped):
        assert (request["response_status"], request["response_body"]) == (200, {"result": True})
        assert (request["status"], request["message_status"]) == ("sent", None)
    device = f"{stage.instance.phone}:"
    lines = [
        line.what
        for line in await stage.control.log(2000)
        if line.way == "in" and line.device.lstrip("+").startswith(device)
    ]
    shown = [line for line in lines if line.startswith(("<chatstate", "<message"))][-3:]
    wanted: list[Callable[[str], bool]] = [
        lambda line: "<composing/>" in line and CONTACT in line,
        lambda line: line.startswith("<message"),
        lambda line: "<paused/>" in line and CONTACT in line,
    ]
    assert [right(line) for right, line in zip(wanted, shown, strict=True)] == [True, True, True], shown
