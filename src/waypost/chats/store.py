"""Where messages, their files and what waits for them are kept."""

from collections.abc import Collection, Sequence
from typing import Final, Literal, Protocol

import msgspec

from waypost.instances.messages import Message

FileState = Literal["wanted", "there", "failed"]


class FileKey(msgspec.Struct, frozen=True):
    """Which message a file belongs to: ids are unique per sender only."""

    instance_id: str
    message_id: str
    sender: str


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message: `blob_id` where it is there, `error` (a code) where it failed for good.

    `attempts` that failed so far; `next_attempt_at` in seconds since the epoch.
    """

    key: FileKey
    state: FileState
    mimetype: str
    filename: str | None = None
    size: int | None = None
    blob_id: str | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: float = 0.0


class HeldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event (as JSON) that waits for `file`, or for one that does and was there before it in its chat.

    After `until` (seconds since the epoch) it keeps no others waiting. `seq` is its place, 0 for a new one.
    """

    instance_id: str
    key: str
    chat: str
    event: bytes
    until: float
    file: FileKey | None = None
    seq: int = 0


class Unseen(msgspec.Struct, frozen=True):
    """A message that the account has not read."""

    message_id: str
    chat: str
    sender: str
    timestamp: int


FIRST: Final = (2**53, "")
"""A place behind every message, and behind every chat."""
MOST_UNSEEN: Final = 1000
"""Messages that were not read are counted up to here."""


class ChatRow(msgspec.Struct, frozen=True):
    """A chat by its number where it is known, its latest message's time, how many were not read, and the LID
    beside the number."""

    chat: str
    latest: int
    unseen: int
    lid: str | None = None


class ChatStore(Protocol):
    """Messages as chats: what was said, changed and read. Addresses are JIDs without device; `chats` are
    those of one chat."""

    async def keep(self, messages: Sequence[Message], files: Sequence[StoredFile], now: float) -> None:
        """Keep messages and the files that they want, in one commit; what is there already stays as it is."""
        ...

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first."""
        ...

    async def revoke(self, message: Message, at: float) -> None:
        """It was taken back; it stays for those who may see what it said."""
        ...

    async def edit(self, message: Message, content: bytes | None, names: bytes, at: float) -> None:
        """It says something else; without `content` its protobuf stays as it is."""
        ...

    async def history(
        self, instance_id: str, chats: Sequence[str], before: tuple[int, str], limit: int
    ) -> list[Message]:
        """Messages of a chat before a (timestamp, id), newest first; of one second the one that came last."""
        ...

    async def latest(self, instance_id: str, chats: Sequence[Sequence[str]]) -> list[Message | None]:
        """The latest message of each of several chats."""
        ...

    async def about(self, instance_id: str, chats: Sequence[str], since: int, limit: int) -> list[Message]:
        """Reactions and votes in a chat since then, oldest first."""
        ...

    async def chats(
        self, instance_id: str, before: tuple[int, str], limit: int, offset: int = 0
    ) -> list[ChatRow]:
        """The chats with messages behind a (latest, chat), the one with the latest first; of those with the
        same the smaller address."""
        ...

    async def unseen(self, instance_id: str, chats: Sequence[str], since: float, limit: int) -> list[Unseen]:
        """Messages of others that were not read, newest first."""
        ...

    async def see(self, instance_id: str, message_ids: Sequence[str]) -> None:
        """They were read."""
        ...


class FileStore(Protocol):
    """The files of messages, as a queue of downloads and as what can be fetched."""

    async def hold(self, instance_id: str, uuid: str, blob_id: str, size: int, at: float) -> bool:
        """Keep the file of a message that the request `uuid` is about to send; False when there is one
        already, or nobody has that instance."""
        ...

    async def waiting(self) -> list[str]:
        """The instances with files that are to be downloaded, now or later."""
        ...

    async def due(self, instance_id: str, now: float, limit: int) -> list[StoredFile]:
        """Files of an instance that are to be downloaded now, those that have waited longest first."""
        ...

    async def next_due(self) -> float | None:
        """When the next download is to be tried."""
        ...

    async def put_off(self, key: FileKey, at: float, attempts: int) -> None:
        """Try again then."""
        ...

    async def there(self, key: FileKey, blob_id: str, size: int) -> bool:
        """It was downloaded; False when nobody wants it any more."""
        ...

    async def failed(self, key: FileKey, error: str) -> None:
        """It can't be had."""
        ...

    async def find(self, key: FileKey) -> StoredFile | None:
        """The file of a message."""
        ...

    async def of_blob(self, instance_id: str, blob_id: str) -> StoredFile | None:
        """The file that lies in a blob."""
        ...

    async def forget_older(self, than: float, limit: int) -> tuple[int, list[str]]:
        """Forget files of messages that came before `than`, at most `limit`; how many, and the blobs that are
        nobody's now."""
        ...


class HeldStore(Protocol):
    """Events that wait."""

    async def put(self, events: Sequence[HeldEvent]) -> None:
        """Hold events in this order; one with a key that is there stays where it is."""
        ...

    async def standing(
        self, chats: Collection[tuple[str, str]], files: Collection[FileKey]
    ) -> tuple[set[tuple[str, str]], dict[FileKey, StoredFile]]:
        """Those of these (instance, chat) of which something is held; and those of these files that are there
        or have failed for good."""
        ...

    async def ready(self, after: int, now: float, limit: int) -> list[tuple[HeldEvent, StoredFile | None]]:
        """What waits for nothing any more and has nothing before it in its chat that does, behind a place and
        in order; with its file, where that is still known."""
        ...

    async def next_until(self, now: float) -> float | None:
        """When the next of them keeps no others waiting any more."""
        ...

    async def remove(self, seqs: Sequence[int]) -> None:
        """They were told."""
        ...
