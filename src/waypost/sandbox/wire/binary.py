"""WhatsApp's binary XML, both ways.

A frame comes from a client that may be hostile: inflated size, depth and the number of nodes are bounded, and
whatever is wrong with it becomes a WireError.
"""

import zlib
from typing import Final

from .errors import WireError
from .node import LID_SERVER, PHONE_SERVER, Jid, Node
from .tokens import Tokens, tokens

MAX_INFLATED: Final = 8 * 1024 * 1024  # bytes; the largest stanza seen, 812 pre-keys, has 40 kB
MAX_DEPTH: Final = 32  # real stanzas nest 6 deep
MAX_NODES: Final = 50_000  # a fan-out to 1,000 members with 5 devices each has 10,000

_EMPTY, _DICTIONARY_0, _DICTIONARY_3, _AD_JID, _LIST_8, _LIST_16 = 0x00, 0xEC, 0xEF, 0xF7, 0xF8, 0xF9
_JID, _HEX, _BYTES_8, _BYTES_20, _BYTES_32, _NIBBLE = 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
_ZLIB_FLAG: Final = 2
_NIBBLES: Final = "0123456789-."
_HEXES: Final = "0123456789ABCDEF"
_MAX_PACKED: Final = 127  # characters; what clients pack at most
_DOMAINS: Final = {PHONE_SERVER: 0, LID_SERVER: 1, "hosted": 128, "hosted.lid": 129}
_SERVERS: Final = {number: server for server, number in _DOMAINS.items()}


def encode(node: Node) -> bytes:
    """The frame of a node, never deflated. A node that the format can't hold raises WireError."""
    out = bytearray(b"\x00")
    try:
        _write_node(out, node, tokens())
    except (ValueError, OverflowError, RecursionError) as error:
        raise WireError("A node can't be written: a part of it is too long or too deep.") from error
    return bytes(out)


def decode(frame: bytes) -> Node:
    """Read one frame (flag byte first). Anything malformed, cut short or too large raises WireError."""
    if not frame:
        raise WireError("An empty frame.")
    reader = _Reader(_inflate(frame[1:]) if frame[0] & _ZLIB_FLAG else frame[1:])
    try:
        node = reader.node(0)
    except IndexError as error:
        raise WireError("A node is cut short.") from error
    except UnicodeDecodeError as error:
        raise WireError("A string in a node is not UTF-8.") from error
    if reader.position != len(reader.data):
        raise WireError("Bytes are left after a node.")
    return node


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, MAX_INFLATED)
    except zlib.error as error:
        raise WireError("A deflated frame is damaged.") from error
    if not stream.eof:
        raise WireError("A deflated frame is cut short or too large.")
    return plain


class _Reader:
    """A position in one frame. Reading past the end raises IndexError; `decode` turns it into a WireError."""

    __slots__ = ("data", "left", "position", "tokens")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.left = MAX_NODES
        self.tokens = tokens()

    def byte(self) -> int:
        value = self.data[self.position]
        self.position += 1
        return value

    def take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        if self.position > len(self.data):
            raise IndexError
        return self.data[start : self.position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def list_size(self, kind: int) -> int:
        if kind == _LIST_8:
            return self.byte()
        if kind == _LIST_16:
            return self.number(2)
        if kind == _EMPTY:
            return 0
        raise WireError("A list was expected.")

    def node(self, depth: int) -> Node:
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            raise WireError("A stanza nests too deep or has too many nodes.")
        size = self.list_size(self.byte())
        if size == 0:
            raise WireError("A node without a tag.")
        tag = self.text(self.byte())
        attrs: dict[str, str | Jid] = {}
        for _ in range((size - 1) // 2):
            name = self.text(self.byte())
            attrs[name] = self.value(self.byte())
        return Node(tag, attrs, self.content(depth) if size % 2 == 0 else None)

    def content(self, depth: int) -> bytes | tuple[Node, ...] | None:
        kind = self.byte()
        if kind in (_LIST_8, _LIST_16):
            # A list of no nodes is no content: it is written as none.
            return tuple([self.node(depth + 1) for _ in range(self.list_size(kind))]) or None
        if kind == _EMPTY:
            return None
        length = self.length(kind)
        return str(self.value(kind)).encode() if length is None else self.take(length)

    def length(self, kind: int) -> int | None:
        if kind == _BYTES_8:
            return self.byte()
        if kind == _BYTES_20:
            return self.number(3) & 0xFFFFF
        return self.number(4) if kind == _BYTES_32 else None

    def value(self, kind: int) -> str | Jid:
        if kind == _JID:
            user, server = self.text(self.byte()), self.text(self.byte())
            return Jid(user, server)
        if kind == _AD_JID:
            domain, device = self.byte(), self.byte()
            if domain not in _SERVERS:
                raise WireError("An address has an unknown domain.")
            return Jid(self.text(self.byte()), _SERVERS[domain], device)
        return self.text(kind)

    def text(self, kind: int) -> str:
        if _EMPTY < kind < _DICTIONARY_0:
            return self.tokens.single[kind]
        if _DICTIONARY_0 <= kind <= _DICTIONARY_3:
            return self.tokens.double[kind - _DICTIONARY_0][self.byte()]
        if kind == _NIBBLE:
            return self.packed(_NIBBLES)
        if kind == _HEX:
            return self.packed(_HEXES)
        if kind == _EMPTY:
            return ""
        length = self.length(kind)
        if length is None:
            raise WireError("A string was expected.")
        return self.take(length).decode()

    def packed(self, alphabet: str) -> str:
        header = self.byte()
        digits = self.take(header & 0x7F).hex()
        if header & 0x80:
            digits = digits[:-1]
        try:
            return "".join([alphabet[int(digit, 16)] for digit in digits])
        except IndexError:
            raise WireError("A packed string has a digit outside of its alphabet.") from None


def _write_node(out: bytearray, node: Node, words: Tokens) -> None:
    _write_list(out, 1 + 2 * len(node.attrs) + (node.content is not None))
    _write_text(out, node.tag, words)
    for name, value in node.attrs.items():
        _write_text(out, name, words)
        if isinstance(value, Jid):
            _write_jid(out, value, words)
        else:
            _write_text(out, value, words)
    if isinstance(node.content, bytes):
        _write_bytes(out, node.content)
    elif node.content is not None:
        _write_list(out, len(node.content))
        for child in node.content:
            _write_node(out, child, words)


def _write_list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_EMPTY)
    elif size < 0x100:
        out += bytes((_LIST_8, size))
    else:
        out.append(_LIST_16)
        out += size.to_bytes(2, "big")


def _write_jid(out: bytearray, jid: Jid, words: Tokens) -> None:
    # A hosted server has no word of its own in the pair form that clients read, so it always goes by its
    # domain.
    if jid.server in _DOMAINS and (jid.device or _DOMAINS[jid.server] >= 128):
        out += bytes((_AD_JID, _DOMAINS[jid.server], jid.device))
        _write_text(out, jid.user, words)
        return
    if jid.device:
        raise WireError(f"An address at {jid.server} has no devices.")
    out.append(_JID)
    _write_text(out, jid.user, words)
    _write_text(out, jid.server, words)


def _write_text(out: bytearray, text: str, words: Tokens) -> None:
    word = words.written.get(text)
    if word is not None:
        out += word
    elif not text:
        out.append(_EMPTY)
    elif len(text) <= _MAX_PACKED and not text.strip(_NIBBLES):
        _write_packed(out, _NIBBLE, text.translate({ord("-"): "A", ord("."): "B"}))
    elif len(text) <= _MAX_PACKED and not text.strip(_HEXES):
        _write_packed(out, _HEX, text)
    else:
        _write_bytes(out, text.encode())


def _write_packed(out: bytearray, kind: int, digits: str) -> None:
    odd = len(digits) % 2
    out += bytes((kind, (len(digits) + 1) // 2 | odd << 7))
    out += bytes.fromhex(digits + "F" * odd)


def _write_bytes(out: bytearray, data: bytes) -> None:
    if len(data) < 0x100:
        out += bytes((_BYTES_8, len(data)))
    elif len(data) < 1 << 20:
        out.append(_BYTES_20)
        out += len(data).to_bytes(3, "big")
    else:
        out.append(_BYTES_32)
        out += len(data).to_bytes(4, "big")
    out += data
