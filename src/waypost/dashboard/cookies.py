"""The two cookies of the dashboard: who is signed in, and whether it is dark."""

from typing import Final

from waypost.api.endpoint import Http

# A name that begins so is taken by browsers over https only, from this very host, for all of its paths.
_SECURE_NAME: Final = "__Host-waypost"
_PLAIN_NAME: Final = "waypost"
_THEME: Final = "waypost-theme"


def secret_of(http: Http, *, https: bool) -> str:
    """The secret of whoever is signed in; empty where nobody is.

    Over https no other name will do: a neighbour under the same domain could have given the browser one, to
    have somebody act in the neighbour's own sign-in.
    """
    return http.cookies.get(_SECURE_NAME if https else _PLAIN_NAME) or ""


def signed_in(secret: str, *, https: bool) -> str:
    """The header that keeps a secret until the browser is closed, out of reach of scripts and other sites."""
    if https:
        return f"{_SECURE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Secure"
    return f"{_PLAIN_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict"


def signed_out(*, https: bool) -> str:
    """The header that has the browser forget it."""
    return f"{signed_in('', https=https)}; Max-Age=0"


def theme_of(http: Http) -> str:
    """`light` or `dark` where somebody chose; empty: as the system has it."""
    theme = http.cookies.get(_THEME, "")
    return theme if theme in ("light", "dark") else ""
