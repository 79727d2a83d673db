"""The library's C interface, spoken to directly.

`import neonize` is avoided: it downloads a library when the versions differ, prints to stdout, needs
libmagic and Pillow (40 MB more in every process), and its client polls in two threads per session. Of the
package we use the compiled library, whose hash is checked before it is loaded, and the protobuf modules.
"""

import ctypes
import hashlib
import importlib.util
import platform
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from waypost.engine.hosts.whatsmeow.account_library import AccountFunctions
from waypost.engine.hosts.whatsmeow.group_library import GroupFunctions

PINNED_VERSION: Final = "0.5.2"
# SHA-256 of the library file inside each wheel of that version on PyPI.
PINNED_HASHES: Final[dict[str, str]] = {
    "neonize-linux-amd64.so": "56b0636515068e8f8383e5448b6cfd2516ea923fa6c68ce4a2e516da96ec405d",
    "neonize-linux-arm64.so": "25ea97e7c7933396a655e00a716f79da9095500cfb1cac053cb3addd82bd453c",
    "neonize-darwin-arm64.dylib": "214abb402cd995bf746a3ed1f033248403dd0c59289231b239cb7f1daf991f59",
    "neonize-darwin-amd64.dylib": "e22c928b88a9c5bc8166d5a41b5357526e9014ef0acfd63899f4460729244b37",
}

QR_CODE: Final = 1000  # beyond the numbers of the library's own events

_QrCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_EventCallback = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
_LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)


class LibraryUnusable(Exception):
    """The library is missing, is not the one that was pinned, or has no build for this system."""


class _Bytes(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Proxy(ctypes.Structure):
    _fields_ = [
        ("proxyAddress", ctypes.c_char_p),
        ("noWebsocket", ctypes.c_bool),
        ("onlyLogin", ctypes.c_bool),
        ("noMedia", ctypes.c_bool),
    ]


def package_folder() -> Path:
    """Where the neonize package is installed, without importing it. Raises LibraryUnusable."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise LibraryUnusable("the neonize package is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def allow_protobufs(folder: Path) -> None:
    """Let `neonize.proto` be imported without running the package's own `__init__`, which loads all of it."""
    package = types.ModuleType("neonize")
    package.__path__ = [str(folder)]
    sys.modules["neonize"] = package


def library_name(system: str, machine: str) -> str:
    """The file name that the wheels of neonize use for a system."""
    names = {"Linux": "linux", "Darwin": "darwin"}
    machines = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    suffix = {"Linux": "so", "Darwin": "dylib"}
    if system not in names or machine.lower() not in machines:
        raise LibraryUnusable(f"there is no build for {system} on {machine}")
    return f"neonize-{names[system]}-{machines[machine.lower()]}.{suffix[system]}"


def verified(path: Path, hashes: dict[str, str]) -> Path:
    """`path`, when its SHA-256 is the pinned one. Raises LibraryUnusable."""
    if path.name not in hashes:
        raise LibraryUnusable(f"no hash is pinned for {path.name}")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LibraryUnusable(f"{path.name} can't be read: {error.strerror}") from error
    if found != hashes[path.name]:
        raise LibraryUnusable(f"{path.name} is not the pinned file (SHA-256 {found[:16]}…)")
    return path


class Library:
    """The functions of the loaded library that we call. Each takes the client's id; an unknown id would crash
    the process, so callers check theirs first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lib = ctypes.CDLL(str(path))
        self._lib.GetVersion.restype = ctypes.c_char_p
        self.version: str = self._lib.GetVersion().decode()
        self._lib.FreeBytesStruct.argtypes = [ctypes.POINTER(_Bytes)]
        self._lib.FreeBytesStruct.restype = None
        self._lib.FreeString.argtypes = [ctypes.c_void_p]
        self._lib.FreeString.restype = None
        blob = (ctypes.c_char_p, ctypes.c_int)
        self._declare_run()
        self._returns_bytes("SendMessage", ctypes.c_char_p, *blob, *blob)
        self._returns_bytes("Upload", ctypes.c_char_p, *blob, ctypes.c_int)
        self._returns_bytes("IsOnWhatsApp", ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int)
        self._returns_bytes("GetLIDFromPN", ctypes.c_char_p, *blob)
        self._returns_bytes("GetPNFromLID", ctypes.c_char_p, *blob)
        self._returns_bytes("DownloadAny", ctypes.c_char_p, *blob)
        self._returns_text("RejectCall", ctypes.c_char_p, *blob, ctypes.c_char_p)
        self._returns_text("MarkRead", *(ctypes.c_char_p,) * 2, ctypes.c_int, *blob, *blob, ctypes.c_char_p)
        self._returns_text("SendChatPresence", ctypes.c_char_p, *blob, ctypes.c_int, ctypes.c_int)
        self._returns_text("SendPresence", ctypes.c_char_p, ctypes.c_char_p)
        self._returns_text("Logout", ctypes.c_char_p)
        self.groups = GroupFunctions(self._lib, self._returns_bytes, self._returns_text)
        self.account = AccountFunctions(self._lib, self._returns_bytes, self._returns_text)
        self._lib.Disconnect.argtypes = [ctypes.c_char_p]
        self._lib.Disconnect.restype = None
        self._lib.IsConnected.argtypes = [ctypes.c_char_p]
        self._lib.IsConnected.restype = ctypes.c_bool

    def run(
        self,
        client: bytes,
        store: str,
        device: bytes,
        subscribed: bytes,
        proxy_url: str | None,
        on_event: Callable[[int, bytes], None],
        on_log: Callable[[bytes], None],
    ) -> str:
        """Run a client until it is stopped, which never happens: returns only when the first connect failed,
        with why.

        `device` is a DeviceProps protobuf, `subscribed` the numbers of the events that `on_event` gets;
        QR codes come to it unasked, as QR_CODE. Both callbacks come in threads of the library. `on_log` gets
        lines of every level, because the gate needs one of them.
        """
        proxy = None if proxy_url is None else ctypes.byref(_Proxy(proxy_url.encode(), False, False, False))
        event = _EventCallback(lambda _id, data, size, code: on_event(code, ctypes.string_at(data, size)))
        log = _LogCallback(lambda data, size: on_log(ctypes.string_at(data, size)))
        qr = _QrCallback(lambda _id, text: on_event(QR_CODE, ctypes.string_at(text)))
        status = _QrCallback(lambda _id, _status: None)
        answer: bytes = self._lib.Neonize(
            store.encode(), client, b"", 0, 0, b"DEBUG", qr, status, event, log,
            subscribed, len(subscribed), device, len(device), b"", 0, proxy,
        )  # fmt: skip
        return answer.decode(errors="replace")

    def send(self, client: bytes, jid: bytes, message: bytes) -> bytes:
        """SendMessageReturnFunction."""
        return bytes(self._lib.SendMessage(client, jid, len(jid), message, len(message)))

    def upload(self, client: bytes, data: bytes, kind: int) -> bytes:
        """UploadReturnFunction."""
        return bytes(self._lib.Upload(client, data, len(data), kind))

    def download(self, client: bytes, message: bytes) -> bytes:
        """DownloadReturnFunction."""
        return bytes(self._lib.DownloadAny(client, message, len(message)))

    def reject_call(self, client: bytes, caller: bytes, call_id: str) -> str:
        """Decline a call; the error, or nothing."""
        answer = self._lib.RejectCall(client, caller, len(caller), call_id.encode())
        return bytes(answer).decode(errors="replace")

    def on_whatsapp(self, client: bytes, numbers: str) -> bytes:
        """IsOnWhatsAppReturnFunction; `numbers` are separated by spaces."""
        text = numbers.encode()
        return bytes(self._lib.IsOnWhatsApp(client, text, len(text)))

    def lid_of(self, client: bytes, jid: bytes) -> bytes:
        """GetJIDFromStoreReturnFunction."""
        return bytes(self._lib.GetLIDFromPN(client, jid, len(jid)))

    def number_of(self, client: bytes, jid: bytes) -> bytes:
        """GetJIDFromStoreReturnFunction."""
        return bytes(self._lib.GetPNFromLID(client, jid, len(jid)))

    def mark_read(self, client: bytes, chat: bytes, sender: bytes, ids: str, at: int) -> str:
        """Send a read receipt for the `ids`, separated by spaces, as of `at` (epoch seconds); the error, or
        nothing."""
        answer = self._lib.MarkRead(client, ids.encode(), at, chat, len(chat), sender, len(sender), b"read")
        return bytes(answer).decode(errors="replace")

    def chat_presence(self, client: bytes, chat: bytes, paused: bool, audio: bool) -> str:
        """Show that the account types, or with `audio` records; the error, or nothing."""
        answer = self._lib.SendChatPresence(client, chat, len(chat), int(paused), int(audio))
        return bytes(answer).decode(errors="replace")

    def presence(self, client: bytes, available: bool) -> str:
        """Show the account as online or not; the error, or nothing."""
        answer = self._lib.SendPresence(client, b"available" if available else b"unavailable")
        return bytes(answer).decode(errors="replace")

    def logout(self, client: bytes) -> str:
        """Unlink at the server and empty the store; the error, or nothing."""
        return bytes(self._lib.Logout(client)).decode(errors="replace")

    def disconnect(self, client: bytes) -> None:
        """Close the connection for good; the client stays in the library's maps."""
        self._lib.Disconnect(client)

    def is_connected(self, client: bytes) -> bool:
        """Whether the client's web socket is open."""
        return bool(self._lib.IsConnected(client))

    def _declare_run(self) -> None:
        text, number = ctypes.c_char_p, ctypes.c_int
        self._returns_text(
            "Neonize",
            text, text, text, number, number, text, _QrCallback, _QrCallback, _EventCallback, _LogCallback,
            text, number, text, number, text, number, ctypes.POINTER(_Proxy),
        )  # fmt: skip

    def _returns_text(self, name: str, *arguments: Any) -> None:
        function: Any = getattr(self._lib, name)
        function.argtypes = list(arguments)
        function.restype = ctypes.c_void_p
        function.errcheck = self._take_string

    def _returns_bytes(self, name: str, *arguments: Any) -> None:
        function: Any = getattr(self._lib, name)
        function.argtypes = list(arguments)
        function.restype = ctypes.POINTER(_Bytes)
        function.errcheck = self._take_bytes

    def _take_bytes(self, result: Any, _function: Any, _arguments: Any) -> bytes:
        if not result:
            return b""
        try:
            found = result.contents
            return ctypes.string_at(found.ptr, found.size) if found.ptr else b""
        finally:
            self._lib.FreeBytesStruct(result)

    def _take_string(self, result: Any, _function: Any, _arguments: Any) -> bytes:
        if not result:
            return b""
        try:
            return ctypes.string_at(result)
        finally:
            self._lib.FreeString(result)


def load() -> Library:
    """The pinned library, loaded. Raises LibraryUnusable."""
    folder = package_folder()
    path = verified(folder / library_name(platform.system(), platform.machine()), PINNED_HASHES)
    allow_protobufs(folder)
    library = Library(path)
    if library.version != PINNED_VERSION:
        raise LibraryUnusable(f"its version is {library.version}, not {PINNED_VERSION}")
    return library
