"""Which requests of a lane are in memory.

A lane knows the oldest of each chat and of no more chats than it can use; the rest stays in the database
until there is room, so that a long queue costs no memory. Nothing may be lost between the two, and no request
may pass an older one of its chat:

- rows that are not in memory are marked, by the `seq` from which they begin: for a chat of which some are in
  memory by that chat, for all others by the window;
- whatever is marked is read in the order of `seq`; a row that turns out to be known is passed over, so that
  marking too much costs a query and no more;
- a request that comes in while older ones are marked is marked as well, and read in its turn;
- chats that wait long (for a retry, a restriction, pacing) leave memory when others need the room: what is
  kept of them is their name and until when.
"""

import heapq
from bisect import insort
from itertools import islice
from typing import Final

from waypost.outbox.entry import WAITING, Entry, Phase
from waypost.outbox.unread import Unread

# A shorter wait is not worth two trips to the database.
_LONG_SECONDS: Final = 1.0
# Names of chats that a read leaves out by itself; rows of others are read and passed over.
_NAMED: Final = 512


class Chat:
    """The oldest requests of a chat in order, and where the others begin."""

    __slots__ = ("entries", "unread")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.unread = Unread()


class Window:
    """The requests of a lane that are in memory, by chat."""

    def __init__(self, size: int, of_chat: int) -> None:
        """At most `size` requests are read ahead, `of_chat` of each chat; every chat may have that many."""
        self._size = size
        self._of_chat = of_chat
        self._entries: dict[str, Entry] = {}
        self._chats: dict[str, Chat] = {}
        self._hungry: dict[str, None] = {}
        self._parked: dict[str, float] = {}
        self._until: list[tuple[float, str]] = []
        # Rows of chats of which nothing is in memory.
        self.unread = Unread()

    # --- what is in memory --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._entries

    def find(self, uuid: str) -> Entry | None:
        """The request when it is in memory."""
        return self._entries.get(uuid)

    def entries(self) -> list[Entry]:
        """All of them, in no order."""
        return list(self._entries.values())

    def first(self, key: str, count: int) -> list[Entry]:
        """The oldest of a chat."""
        chat = self._chats.get(key)
        return [] if chat is None else chat.entries[:count]

    def is_first(self, entry: Entry) -> bool:
        """Whether no older request of the same chat is unfinished."""
        chat = self._chats[entry.request.chat_key]
        return chat.entries[0] is entry and not chat.unread.before(entry.request.seq)

    def is_near(self, entry: Entry, ahead: int) -> bool:
        """Whether it is among the first `ahead` of its chat."""
        chat = self._chats[entry.request.chat_key].entries
        return len(chat) <= ahead or chat[ahead].request.seq > entry.request.seq

    @property
    def portion(self) -> int:
        """How many requests are read at once."""
        return max(self._size // 4, 1)

    @property
    def has_room(self) -> bool:
        """Whether there is room for a portion."""
        return len(self._entries) <= self._size - self.portion

    @property
    def whole(self) -> bool:
        """Whether everything unfinished is in memory."""
        return not (self.unread or self._parked or any(chat.unread for chat in self._chats.values()))

    # --- in and out ---------------------------------------------------------------------------------------

    def take(self, entry: Entry) -> bool:
        """Take in a request that was stored just now, or leave it in the database for its turn."""
        key, seq = entry.request.chat_key, entry.request.seq
        chat = self._chats.get(key)
        if key in self._parked:
            return False
        if chat is not None and chat.unread:
            self._mark(key, chat, seq)
            return False
        # Before the chat's own limit: among the unread there may be older ones of this chat.
        if self.unread or (chat is None and len(self._entries) >= self._size):
            self.unread.mark(seq)
            return False
        if chat is not None and (len(chat.entries) >= self._of_chat or len(self._entries) >= self._size):
            self._mark(key, chat, seq)
            return False
        self._insert(entry)
        return True

    def place(self, entry: Entry) -> bool:
        """Take in a request that was read, unless it is not its turn any more."""
        key, seq = entry.request.chat_key, entry.request.seq
        chat = self._chats.get(key)
        if key in self._parked or (chat is not None and chat.unread.marked_from(seq)):
            return False
        full = chat is not None and len(chat.entries) >= self._of_chat
        if chat is not None and full and chat.entries[-1].request.seq < seq:
            self._mark(key, chat, min(seq, self.unread.start(seq)))
            return False
        self._insert(entry)
        return True

    def remove(self, entry: Entry) -> bool:
        """Let go of a request; False when it was not there."""
        if self._entries.pop(entry.uuid, None) is None:
            return False
        key = entry.request.chat_key
        chat = self._chats[key]
        chat.entries.remove(entry)
        self._look_at(key, chat)
        return True

    def merge(self, old: str, new: str) -> None:
        """`old` and `new` are one chat; its rows may still have the old name in the database."""
        chat = self._chats.pop(old, None)
        was_parked = [self._parked.pop(key, None) for key in (old, new)]
        for entry in [] if chat is None else chat.entries:
            entry.rename(new)
            self._place_in(new, entry)
        if any(until is not None for until in was_parked) or (chat is not None and chat.unread):
            self.look_at_chat(new)

    def look_at_chat(self, key: str) -> None:
        """There may be rows of that chat, however old."""
        self._mark(key, self._chats.setdefault(key, Chat()), 0)

    def look_from(self, seq: int) -> None:
        """There may be rows from `seq` on, of any chat."""
        self.unread.mark(seq)
        for key, chat in self._chats.items():
            if chat.unread:
                self._mark(key, chat, seq)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._chats.clear()
        self._hungry.clear()
        self._parked.clear()
        self._until.clear()
        self.unread = Unread()

    def _insert(self, entry: Entry) -> None:
        self._entries[entry.uuid] = entry
        self._place_in(entry.request.chat_key, entry)

    def _place_in(self, key: str, entry: Entry) -> None:
        chat = self._chats.get(key)
        if chat is None:
            chat = self._chats[key] = Chat()
        if not chat.entries or chat.entries[-1].request.seq < entry.request.seq:
            chat.entries.append(entry)
        else:
            insort(chat.entries, entry, key=lambda one: one.request.seq)

    def _mark(self, key: str, chat: Chat, seq: int) -> None:
        chat.unread.mark(seq)
        self._look_at(key, chat)

    def _look_at(self, key: str, chat: Chat) -> None:
        few = len(chat.entries) <= self._of_chat // 2
        if chat.unread.waits and (few or chat.unread.before(chat.entries[0].request.seq)):
            self._hungry[key] = None
        elif not chat.entries and not chat.unread:
            del self._chats[key]

    # --- reading ------------------------------------------------------------------------------------------

    @property
    def wants_chats(self) -> bool:
        """Whether a chat of which few are in memory has more."""
        return bool(self._hungry)

    def begin_chats(self, limit: int) -> list[tuple[str, int]]:
        """Chats to read now, and from where; `end_chat` follows for each."""
        wanted = list(islice(self._hungry, limit))
        for key in wanted:
            del self._hungry[key]
        chats = [(key, self._chats.get(key)) for key in wanted]
        return [(key, chat.unread.begin()) for key, chat in chats if chat is not None and chat.unread.waits]

    def end_chat(self, key: str, rest: int | None) -> None:
        """A chat was read up to `rest`; now its rows may be placed."""
        chat = self._chats.get(key)
        if chat is not None:
            chat.unread.end(rest)

    def settle_chat(self, key: str) -> None:
        """The rows of a chat that was read are placed."""
        chat = self._chats.get(key)
        if chat is not None:
            self._look_at(key, chat)

    def known_elsewhere(self) -> list[str]:
        """Chats whose rows are not for the window's own reading."""
        unread = [key for key, chat in self._chats.items() if chat.unread]
        return [*unread, *islice(self._parked, max(_NAMED - len(unread), 0))]

    # --- waiting outside ----------------------------------------------------------------------------------

    def park(self, now: float) -> None:
        """Let chats leave memory that wait for long."""
        for key, chat in list(self._chats.items()):
            if not _may_leave(chat, now):
                continue
            until = chat.entries[0].not_before
            for entry in chat.entries:
                entry.phase = Phase.GONE
                del self._entries[entry.uuid]
            del self._chats[key]
            self._hungry.pop(key, None)
            self._parked[key] = until
            heapq.heappush(self._until, (until, key))

    def next_return(self) -> float | None:
        """When the first of those that wait outside is to come back, in seconds since the epoch."""
        while self._until and self._parked.get(self._until[0][1]) != self._until[0][0]:
            heapq.heappop(self._until)
        return self._until[0][0] if self._until else None

    def returns(self, now: float) -> bool:
        """Whether a chat that waits outside should come back now."""
        at = self.next_return()
        return at is not None and at <= now

    def recall(self, key: str | None) -> None:
        """Have a chat (all, unless one is named) that waits outside come back before its time."""
        for one in list(self._parked) if key is None else [key]:
            if one in self._parked:
                self._parked[one] = 0.0
                heapq.heappush(self._until, (0.0, one))

    def bring_back(self, now: float, limit: int) -> None:
        """Have chats read again whose time has come."""
        while limit and self.returns(now):
            limit -= 1
            key = heapq.heappop(self._until)[1]
            del self._parked[key]
            self.look_at_chat(key)


def _may_leave(chat: Chat, now: float) -> bool:
    """Whether all that is known of a chat is in the database, and it has time."""
    if not chat.entries or chat.unread.is_read:
        return False
    head = chat.entries[0]
    return (
        head.not_before > now + _LONG_SECONDS
        and not head.connection_hold
        and all(one.phase in WAITING and _is_stored(one) for one in chat.entries)
    )


def _is_stored(entry: Entry) -> bool:
    """Whether nothing is known of it but what its row and its steps say."""
    settled = all(step.state in ("pending", "sent") for step in entry.steps)
    return settled and entry.task is None and not entry.failures
