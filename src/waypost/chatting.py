"""What lies between a message that arrives and those who are told of it, put together for the composition
root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from waypost.chats.arrivals import Arrivals
from waypost.chats.calls import Calls, Sender
from waypost.chats.conversation import Conversation
from waypost.chats.directory import Directory
from waypost.chats.files import Blobs, FileQueue
from waypost.chats.history import History
from waypost.chats.links import Links
from waypost.chats.own_files import OwnFiles
from waypost.chats.own_messages import OwnMessages
from waypost.chats.publisher import Publisher
from waypost.chats.telling import Telling
from waypost.clock import Clock
from waypost.config import Settings
from waypost.engine.port import Session
from waypost.instances.contacts import Contacts
from waypost.instances.instance import Instance
from waypost.lasting import lasting
from waypost.storage.acks import SqlAcks
from waypost.storage.chats import SqlChats
from waypost.storage.database import Database
from waypost.storage.held_events import SqlHeldEvents
from waypost.storage.media import SqlMedia
from waypost.storage.untold import SqlUntold
from waypost.telemetry import Log


class Chatting:
    """Messages as chats: `arrivals` takes what the engine brings, `files` fetches what came with it."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        publisher: Publisher,
        contacts: Contacts,
        find: Callable[[str], Instance | None],
        holds: Callable[[str], bool],
        session_of: Callable[[str], Session | None],
        sender: Callable[[], Sender],
        blobs: Blobs,
        workshop: Path,
        base: str,
        clock: Clock,
        log: Log,
    ) -> None:
        """`find` gives an instance by its id, `holds` tells whether it is this node's; `sender` sends texts
        and is asked for when it is first needed; `base` is the address in links."""
        self.media = SqlMedia(database)
        self.store = SqlChats(database)
        self.links = Links(base, settings.media_link_seconds, clock)
        self.directory = Directory(contacts.lids, find)
        self._keep, self._log = settings.keep_media_seconds, log
        self.telling = Telling(SqlHeldEvents(database), publisher, holds, self.links.shown, clock, log)
        self.files = FileQueue(
            self.media,
            self.store,
            blobs,
            session_of,
            holds,
            workshop,
            settings.media_max_bytes,
            self.telling.wake,
            clock,
            log,
        )
        acks = SqlAcks(database)
        self.history = History(self.store, self.media, self.files, self.links, self.directory, contacts, acks)
        self.conversation = Conversation(self.store, acks, self.directory, contacts)
        calls = Calls(self.directory, find, session_of, sender, clock, log)
        self.own_files = OwnFiles(self.media, blobs, clock, log)
        self.own_messages = OwnMessages(
            SqlUntold(database), lambda one: self.arrivals.ours(one), self.telling.tell, holds, log
        )
        self.arrivals = Arrivals(
            self.store,
            self.directory,
            self.telling,
            calls,
            self.files.wake,
            clock,
            log,
            self.own_messages.flush,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch files, and tell of what waited for them, while the context lasts."""
        self.links.use_key(await self.media.secret_key())
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.telling.running())
            await stack.enter_async_context(self.own_messages.running())
            await stack.enter_async_context(self.files.running())
            sweeping = asyncio.create_task(
                lasting(lambda: self.files.forget_old(self._keep), "files-sweep", self._log)
            )
            stack.callback(sweeping.cancel)
            yield
