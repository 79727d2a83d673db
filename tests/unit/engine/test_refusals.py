import pytest

from waypost.engine.hosts.whatsmeow import refusals
from waypost.errors import (
    ENGINE_REFUSED,
    GROUP_NOT_FOUND,
    LOGGED_OUT,
    MEDIA_UPLOAD_FAILED,
    NOT_CONNECTED,
    NOT_ON_WHATSAPP,
    OUTCOME_UNKNOWN,
    RATE_LIMITED,
    RESTRICTED,
    SERVER_REFUSED,
    Fault,
)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("server returned error 463", RESTRICTED),
        ("server returned error 429", RATE_LIMITED),
        ("server returned error 479", SERVER_REFUSED),
        (
            "failed to resolve LID for PN 1@s.whatsapp.net: no LID found for 1@s.whatsapp.net from server",
            NOT_ON_WHATSAPP,
        ),
        ("the store doesn't contain a device JID", LOGGED_OUT),
        ("failed to send message node: websocket not connected", NOT_CONNECTED),
        ("failed to get device list: failed to send usync query: websocket not connected", NOT_CONNECTED),
        ("failed to get device list: info query timed out", NOT_CONNECTED),
        ("failed to marshal message: proto: oops", ENGINE_REFUSED),
        ("failed to get own info: dial tcp 127.0.0.1:5432: connect: connection refused", NOT_CONNECTED),
        ("failed to encrypt message: pq: terminating connection due to administrator command", NOT_CONNECTED),
        ("failed to store message secret: driver: bad connection", NOT_CONNECTED),
        ("failed to save cached sessions: pq: waypost: the lease is over (WP001)", NOT_CONNECTED),
        ("failed to encrypt group message to send 3EB0: pq: waypost: the lease is over", NOT_CONNECTED),
        ("failed to get group members: that group does not exist", GROUP_NOT_FOUND),
        ("failed to get group members: you're not participating in that group", GROUP_NOT_FOUND),
    ],
)
def test_what_surely_was_not_sent_is_told_apart(error: str, fault: Fault) -> None:
    assert refusals.of_send(error).fault is fault


@pytest.mark.parametrize(
    "error",
    [
        "timed out waiting for message send response",
        "websocket disconnected before message send returned response",
        "websocket disconnected before message send (retry) returned response",
        "websocket not connected",
        "failed to send message node: failed to write msg: broken pipe",
        "failed to write msg: broken pipe",
        "a sentence that nobody has seen before",
        "pq: waypost: the lease is over (WP001)",
    ],
)
def test_everything_else_may_have_left(error: str) -> None:
    assert refusals.of_send(error).fault is OUTCOME_UNKNOWN


def test_the_code_of_the_server_is_a_fact() -> None:
    assert refusals.of_send("server returned error 463").facts == {"server_code": 463}


def test_numbers_and_upload_tokens_stay_out_of_the_sentence() -> None:
    error = refusals.of_upload(
        "failed to do https://mmg.whatsapp.net/mms/audio/x?auth=tok for 4915@s.whatsapp.net"
    )
    assert error.fault is MEDIA_UPLOAD_FAILED
    assert "tok" not in error.message
    assert "4915" not in error.message
