"""What every answer of the dashboard tells the browser to refuse."""

from typing import Final

# The one style that is no file of ours, of the bars of notes: assets/waves.js.
_WAVES: Final = "sha256-EbQRT+1/o6noeZTUfkkbORH8zUyteVqmj7YFvRqOVrw="
# `data:` and `blob:` are sounds and pictures that a page of ours made itself (the recorder's). No page may be
# framed: a click on it is meant for it.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{_WAVES}'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: forms would be posted without saying where they come from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
NOT_KEPT: Final = {"Cache-Control": "no-store"}
