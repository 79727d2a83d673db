"""Which cookie says who is signed in."""

from typing import Any

from litestar import Request

from waypost.dashboard.cookies import secret_of, signed_in, signed_out


def sent(cookies: str) -> Request[Any, Any, Any]:
    scope: Any = {"type": "http", "scheme": "http", "headers": [(b"cookie", cookies.encode())], "path": "/"}
    return Request(scope)


def test_over_https_the_cookie_is_one_that_no_neighbour_can_set() -> None:
    given = signed_in("ours", https=True)
    assert given == "__Host-waypost=ours; Path=/; HttpOnly; SameSite=Strict; Secure"
    both = sent("waypost=planted; __Host-waypost=ours")
    assert secret_of(both, https=True) == "ours"
    assert secret_of(sent("waypost=planted"), https=True) == ""


def test_without_https_it_has_a_name_that_browsers_take() -> None:
    assert signed_in("ours", https=False) == "waypost=ours; Path=/; HttpOnly; SameSite=Strict"
    assert secret_of(sent("waypost=ours"), https=False) == "ours"
    assert signed_out(https=False).endswith("Max-Age=0")
