from typing import Final

from .errors import WireError

PROLOGUE: Final = b"WA\x06\x03"  # what a client says first; the last byte is the version of the dictionary
ROUTING_MARK: Final = (
    b"\xed\x00\x01"  # an optional routing hint before the prologue: mark, length (3 bytes), hint
)
MAX_FRAME: Final = (
    4 * 1024 * 1024
)  # bytes; three bytes of length would allow 16 MiB, real frames stay under 1


def frame(payload: bytes) -> bytes:
    """A payload as it goes over the socket: length in 3 bytes, big-endian, then the payload."""
    if len(payload) > 0xFFFFFF:
        raise WireError("A frame is larger than its length can say.")
    return len(payload).to_bytes(3, "big") + payload


class Framer:
    """Cuts a byte stream into frames.

    `opening` tells that the peer still has to say the prologue (a server's side). One WebSocket message may
    hold several frames, or a part of one. What waits for its end is at most one frame.
    """

    def __init__(self, *, opening: bool, max_frame: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._opening = opening
        self._max_frame = max_frame

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete now. A wrong prologue or an oversized frame raises WireError."""
        self._buffer += data
        if self._opening and not self._open():
            return []
        payloads = []
        position = 0
        while len(self._buffer) - position >= 3:
            size = int.from_bytes(self._buffer[position : position + 3], "big")
            if size > self._max_frame:
                raise WireError("A frame is too large.")
            if len(self._buffer) - position - 3 < size:
                break
            payloads.append(bytes(self._buffer[position + 3 : position + 3 + size]))
            position += 3 + size
        del self._buffer[:position]
        return payloads

    def _open(self) -> bool:
        start = 0
        if self._buffer[:3] == ROUTING_MARK:
            if len(self._buffer) < 6:
                return False
            start = 6 + int.from_bytes(self._buffer[3:6], "big")
            if start > 6 + self._max_frame:
                raise WireError("A routing hint is too large.")
        # Both openings differ in their first byte, so a wrong peer is told apart before all of it has come.
        said = bytes(self._buffer[start : start + len(PROLOGUE)])
        if not PROLOGUE.startswith(said) and not (start == 0 and ROUTING_MARK.startswith(said[:3])):
            raise WireError("The peer does not open with WhatsApp's prologue.")
        if len(said) < len(PROLOGUE):
            return False
        del self._buffer[: start + len(PROLOGUE)]
        self._opening = False
        return True
