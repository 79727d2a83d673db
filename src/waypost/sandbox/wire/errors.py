from waypost.errors import SANDBOX_PROTOCOL, SandboxError


class WireError(SandboxError):
    """Bytes from a peer that are not what the protocol says: a node, frame, handshake, signature or file."""

    def __init__(self, detail: str) -> None:
        super().__init__(SANDBOX_PROTOCOL, detail)
