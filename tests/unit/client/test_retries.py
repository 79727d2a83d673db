"""What the client does when no answer comes, against a server that it knows nothing of."""

from collections.abc import Callable

import httpx
import pytest

from waypost.client import ClientError, NoAnswer, Unavailable, Waypost

TEXT = {"text": "x"}
ENVELOPE = {
    "queued": True,
    "message": "",
    "queued_request_uuid": "u1",
    "queued_request_link": "http://gateway.test/u1",
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that would be made, instead of making them."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


def waypost(answer: Callable[[httpx.Request], httpx.Response]) -> Waypost:
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Waypost("http://gateway.test", "1|secret", http)


def test_a_send_is_tried_again_with_its_key(pauses: list[float]) -> None:
    keys = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("broke")
        if len(keys) == 2:
            return httpx.Response(503, json={"message": "busy"}, headers={"Retry-After": "7"})
        return httpx.Response(200, json=ENVELOPE)

    assert waypost(answer).instance("i").send_text("1", "x").uuid == "u1"
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert pauses[1] == 7.0


def test_what_may_have_been_done_is_not_done_again() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        raise httpx.ReadError("broke")

    with pytest.raises(NoAnswer):
        waypost(answer).instance("i").request_code("1")
    assert seen == ["POST"]


def test_a_busy_gateway_is_given_up_after_some_tries() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(
            503, json={"message": "full", "error": {"code": "queue_full", "retryable": True}}
        )

    with pytest.raises(Unavailable) as refused:
        waypost(answer).instance("i").send_text("1", "x")
    assert (len(seen), refused.value.code, refused.value.retryable) == (4, "queue_full", True)


def test_a_gateway_that_does_not_wait_is_asked_once_in_a_second(pauses: list[float]) -> None:
    looks = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=ENVELOPE)
        looks.append(request.headers["prefer"])
        status = "sent" if len(looks) == 3 else "queued"
        key = {"remoteJid": "1@s.whatsapp.net", "fromMe": True, "id": "3EB0"}
        body = {
            "key": key,
            "messageTimestamp": "1",
            "status": "SENT",
            "message": {"extendedTextMessage": TEXT},
        }
        return httpx.Response(200, json={"uuid": "u1", "status": status, "response_body": body})

    assert waypost(answer).instance("i").send_text("1", "x").wait(30).result.key.id == "3EB0"
    assert looks == ["wait=30"] * 3
    assert len(pauses) == 2
    assert all(0.5 < one <= 1.0 for one in pauses)


def test_something_else_than_a_gateway_is_called_so_without_the_token() -> None:
    with pytest.raises(ClientError, match="Something else than a gateway") as wrong:
        waypost(lambda _: httpx.Response(200, text="<html>")).instances()
    assert "secret" not in str(wrong.value)


def test_names_of_instances_and_requests_stay_in_their_part_of_the_path() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404, json={"message": "no"})

    with pytest.raises(ClientError):
        waypost(answer).instance("../x?y").get_queued_request("a/b")
    assert seen == [b"/api/whatsapp/v2/..%2Fx%3Fy/queued-requests/a%2Fb"]
