"""Trust the sandbox instead of WhatsApp, in this process's memory only.

The library holds the public key that WhatsApp's Noise certificates are signed with (whatsmeow,
`WACertPubKey`) once, in writable memory. Overwriting it makes this process believe the sandbox and nobody
else; a process without the change refuses the sandbox. Linux only: elsewhere Go takes its roots from the
system and not from `SSL_CERT_DIR`.
"""

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

WHATSAPP_ROOT: Final = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")


class RedirectRefused(Exception):
    """The library can't be redirected on this system, or is not built as expected."""


def redirect(library: Path, noise_root: bytes) -> None:
    """Overwrite the trusted Noise root key of the loaded `library`. Raises RedirectRefused."""
    if len(noise_root) != len(WHATSAPP_ROOT):
        raise RedirectRefused("the sandbox's Noise root key is not 32 bytes")
    if not sys.platform.startswith("linux"):
        raise RedirectRefused("the engine can be redirected on Linux only")
    found = [
        start + at for start, size in _writable(library) for at in _positions(ctypes.string_at(start, size))
    ]
    if len(found) != 1:
        raise RedirectRefused(f"the Noise root key is {len(found)} times in the library, not once")
    ctypes.memmove(found[0], noise_root, len(noise_root))


def _positions(data: bytes) -> Iterator[int]:
    at = data.find(WHATSAPP_ROOT)
    while at >= 0:
        yield at
        at = data.find(WHATSAPP_ROOT, at + 1)


def _writable(library: Path) -> Iterator[tuple[int, int]]:
    """Address and size of the mappings of `library` that can be written."""
    real = str(library.resolve())
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[1].startswith("rw") and fields[5] == real:
            start, end = (int(bound, 16) for bound in fields[0].split("-"))
            yield start, end - start
