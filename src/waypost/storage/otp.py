from typing import Any

import msgspec

from waypost.otp.otp import Callback, LinkTexts, Otp, SettledBy, Status
from waypost.storage.database import Connection, Database


class SqlOtps:
    """Implements `otp.otp.OtpStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("otp")

    async def key(self) -> bytes:
        """The gateway's key, the same for all nodes."""
        row = await self._database.read(lambda c: c.execute(self._sql["key"]).fetchone())
        return bytes(row[0])

    async def add(self, otp: Otp) -> None:
        """Keep a new one; a code takes the place of a pending one of its chat."""
        row = {
            "uuid": otp.uuid,
            "instance_id": otp.instance_id,
            "kind": otp.kind,
            "chat": otp.chat,
            "hashed": otp.hashed,
            "status": otp.status,
            "created_at": otp.created_at,
            "expires_at": otp.expires_at,
            "texts": None if otp.texts is None else msgspec.json.encode(otp.texts).decode(),
        }

        def unit(connection: Connection) -> None:
            if otp.kind == "code":
                connection.execute(self._sql["replace"], row)
            connection.execute(self._sql["add"], row)

        await self._database.write(unit)

    async def newest_code(self, instance_id: str, chat: str) -> Otp | None:
        """The code that was given out last for a chat."""
        return await self._one("newest_code", {"instance_id": instance_id, "chat": chat})

    async def link(self, instance_id: str, hashed: bytes) -> Otp | None:
        """The link with that code."""
        return await self._one("link", {"instance_id": instance_id, "hashed": hashed})

    async def count_attempt(self, uuid: str, most: int) -> int | None:
        """Count an attempt and give their number; None when there were `most`, or it is settled."""
        names = {"uuid": uuid, "most": most}

        def unit(connection: Connection) -> int | None:
            if connection.execute(self._sql["count_attempt"], names).rowcount == 0:
                return None
            return int(connection.execute(self._sql["attempts"], names).fetchone()[0])

        return await self._database.write(unit)

    async def settle(
        self,
        uuid: str,
        status: Status,
        at: float,
        by: SettledBy | None = None,
        callback: str | None = None,
    ) -> bool:
        """Give a pending one its end; False when it has one. `callback`: what has to be called now."""
        names = {
            "uuid": uuid,
            "status": status,
            "at": at,
            "by": None if by is None else by.message_id,
            "chat": None if by is None else by.chat,
            "callback": callback,
            "callback_at": None if callback is None else at,
        }
        return await self._database.write(lambda c: c.execute(self._sql["settle"], names).rowcount > 0)

    async def take_callbacks(self, now: float, until: float, limit: int) -> list[Callback]:
        """Calls that are due, at most `limit`; nobody else gets them until then."""
        names = {"now": now, "limit": limit}
        # Asked without the right to write first: most often there is none.
        due = await self._database.read(lambda c: c.execute(self._sql["due"], names).fetchall())
        if not due:
            return []

        def unit(connection: Connection) -> list[Callback]:
            taken = []
            for row in due:
                mine = {"uuid": row[0], "seen": row[7], "until": until}
                if connection.execute(self._sql["take"], mine).rowcount:
                    taken.append(_callback(row))
            return taken

        return await self._database.write(unit)

    async def callback_at(self, uuid: str, at: float | None) -> None:
        """Make the call again then; None: never."""
        names = {"uuid": uuid, "at": at}
        await self._database.write(lambda c: c.execute(self._sql["callback_at"], names))

    async def delete_older(self, than: float, limit: int) -> int:
        """Forget those that ran out before `than`, at most `limit`; returns how many."""
        names = {"than": than, "limit": limit}
        return await self._database.write(lambda c: c.execute(self._sql["delete_older"], names).rowcount)

    async def _one(self, statement: str, names: dict[str, Any]) -> Otp | None:
        row = await self._database.read(lambda c: c.execute(self._sql[statement], names).fetchone())
        return None if row is None else _otp(row)


def _otp(row: Any) -> Otp:
    return Otp(
        uuid=row[0],
        instance_id=row[1],
        kind=row[2],
        chat=row[3],
        hashed=bytes(row[4]),
        status=row[5],
        created_at=row[6],
        expires_at=row[7],
        attempts=row[8],
        settled_at=row[9],
        settled_by=row[10],
        texts=None if row[11] is None else msgspec.json.decode(row[11], type=LinkTexts),
    )


def _callback(row: Any) -> Callback:
    return Callback(
        uuid=row[0],
        url=row[1],
        status=row[2],
        chat=row[3] or "",
        name=msgspec.json.decode(row[4], type=LinkTexts).name,
        at=row[5],
        tries=row[6] + 1,
    )
