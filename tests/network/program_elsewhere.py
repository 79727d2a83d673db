"""A program as people write it for the V2 API: a base URL, an instance and a token are all it knows."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

BASE = os.environ["BASE_URL"]
INSTANCE = os.environ["INSTANCE"]
HEADERS = {
    "Authorization": f"Bearer {os.environ['TOKEN']}",
    "Accept": "application/json",
    "Content-Type": "application/json",
}
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, HEADERS, method=method)
    try:
        with OPEN.open(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def send(operation: str, **fields: Any) -> dict[str, Any]:
    """Send, and poll once a second as the documentation says."""
    status, queued = call("POST", f"/api/whatsapp/v2/{INSTANCE}/{operation}", fields)
    assert status == 200, queued
    assert queued["queued"] is True
    for _ in range(20):
        path = f"/api/whatsapp/v2/{INSTANCE}/queued-requests/{queued['queued_request_uuid']}"
        _, request = call("GET", path)
        if request["response_status"] is not None:
            return dict(request)
        time.sleep(1)
    raise SystemExit(f"{operation} was not sent: {request}")


def main(chat: str, audio: str) -> None:
    note = send("send-voice", chatId=chat, url=audio, file=None, caption="Listen", reply_to=None)
    assert note["response_status"] == 201, note
    text = send("send-text", chatId=chat, text="Hello", reply_to=note["response_body"]["key"]["id"])
    assert text["response_body"]["message"]["extendedTextMessage"]["text"] == "Hello"
    nobody = send("send-text", chatId="447700900189@c.us", text="Hello")
    assert nobody["response_status"] == 404
    assert nobody["response_body"]["errors"]["exists"] is False
    status, wrong = call("POST", f"/api/whatsapp/v2/{INSTANCE}/send-text", {"chatId": "nobody", "text": "x"})
    assert (status, wrong["message"], wrong["statusCode"]) == (422, "The given data was invalid.", 422)
    _, health = call("GET", f"/api/whatsapp/v2/{INSTANCE}/health")
    assert (health["instance_id"], health["status"]) == (INSTANCE, "WORKING")
    status, code = call("POST", f"/api/otp/v2/{INSTANCE}/request-code", {"chatId": chat, "name": "Shop"})
    assert (status, code["success"]) == (200, True)
    given = {"chatId": chat, "code": code["data"]["code"]}
    status, right = call("POST", f"/api/otp/v2/{INSTANCE}/validate-code", given)
    assert (status, right["data"]["status"]) == (200, "validated")
    print(json.dumps({"note": note["response_body"]["key"]["id"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
