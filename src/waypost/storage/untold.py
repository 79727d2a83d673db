from collections.abc import Sequence
from typing import Any, Final

import msgspec

from waypost.chats.reading import ABOUT_OTHERS, read
from waypost.chats.untold import Left, NotTaken, Untold, What
from waypost.instances.messages import Message
from waypost.outbox.request import Request, RequestState, Step
from waypost.outbox.store import Ending
from waypost.storage.database import Connection, Database, Dialect
from waypost.storage.messages import MessageRows

_WHAT: Final = msgspec.json.Decoder(What)
_MESSAGE: Final = msgspec.json.Decoder(Message)


class UntoldRows:
    """Messages of ours with their files, and what is to be told of them; used within a unit of work."""

    def __init__(self, dialect: Dialect) -> None:
        self._sql = dialect.statements("untold")
        self._messages = MessageRows(dialect)
        self._media = dialect.statements("media")

    def left(self, connection: Connection, request: Request, sent: bytes, at: float) -> None:
        """The server has taken a message of a request (JSON): keep it, give it the file that was kept for it,
        and let it be told."""
        message = _MESSAGE.decode(sent)
        if not self._known(connection, message.instance_id):
            return
        reading = read(msgspec.json.decode(message.names or b"{}"))
        # What is about others is nothing to reply to; a reaction is shown where it was put.
        if reading.kind not in ABOUT_OTHERS or reading.kind == "reaction":
            self._messages.put(connection, [message])
        if reading.file is not None:
            names = {
                "instance_id": message.instance_id,
                "message_id": message.message_id,
                "sender": message.sender,
                "state": "wanted",
                "at": at,
                "mimetype": reading.file.mimetype,
                "filename": reading.file.filename,
                "size": reading.file.size,
                "error": None,
            }
            moved = connection.execute(self._media["belongs"], names | {"uuid": request.uuid}).rowcount
            if moved == 0 and message.content:
                connection.execute(self._media["want"], names)
        left = Left(message, request.request_id, request.traceparent)
        self._put(connection, left, at)

    def ended(self, connection: Connection, request: Request, steps: Sequence[Step], ending: Ending) -> None:
        """A request has ended: messages that it could not send, and that had their ids, are let be told."""
        for step in steps:
            refused = step.message_id is not None and step.state in ("pending", "failed")
            if refused and ending.state is not RequestState.CANCELLED:
                what = NotTaken(
                    request.instance_id,
                    step.message_id or "",
                    request.chat_key,
                    request.request_id,
                    request.traceparent,
                )
                self.not_taken(connection, what, ending.at)

    def not_taken(self, connection: Connection, what: NotTaken, at: float) -> None:
        """A message of ours has come to nothing."""
        if self._known(connection, what.instance_id):
            self._put(connection, what, at)

    def _known(self, connection: Connection, instance_id: str) -> bool:
        names = {"instance_id": instance_id}
        return connection.execute(self._sql["instance"], names).fetchone() is not None

    def _put(self, connection: Connection, what: What, at: float) -> None:
        names = {"instance_id": what.instance_id, "at": at, "what": msgspec.json.encode(what)}
        connection.execute(self._sql["put"], names)


class SqlUntold:
    """Implements `chats.untold.UntoldStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("untold")

    async def after(self, seq: int, limit: int) -> list[Untold]:
        """What is behind a place, in order."""
        names = {"seq": seq, "limit": limit}
        rows: list[Any] = await self._database.read(lambda c: c.execute(self._sql["after"], names).fetchall())
        return [Untold(row[0], row[1], _WHAT.decode(row[2])) for row in rows]

    async def remove(self, seqs: Sequence[int]) -> None:
        """They were told."""
        rows = [(seq,) for seq in seqs]
        await self._database.write(lambda connection: connection.executemany(self._sql["remove"], rows))
