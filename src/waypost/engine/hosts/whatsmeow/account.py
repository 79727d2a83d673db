"""Orders about the account itself, as calls into the library."""

from typing import Final

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.account import (
    AccountAnswer,
    AccountOrder,
    FindPicture,
    FindUser,
    ListBlocked,
    SetAbout,
    SetBlocked,
    SetName,
    SetOwnPicture,
    WatchPresence,
)
from waypost.engine.hosts.whatsmeow import refusals
from waypost.engine.hosts.whatsmeow.jids import to_proto, to_text
from waypost.engine.hosts.whatsmeow.session import HostedSession
from waypost.errors import PICTURE_REFUSED, EngineError

# whatsmeow, user.go: there is none, or it is not for everybody to see.
_NO_PICTURE: Final = ("does not have a profile picture", "hidden their profile picture")
_NO_IMAGE: Final = "not a valid image"


async def carry_out(session: HostedSession, order: AccountOrder) -> AccountAnswer:
    """Do what `order` says and tell what came of it. Raises EngineError."""
    match order:
        case FindPicture():
            return await _find_picture(session, order)
        case SetOwnPicture(picture=picture):
            data = await session.call(lambda library, client: library.account.set_picture(client, picture))
            set_picture = proto.SetGroupPhotoReturnFunction.FromString(data)
            if _NO_IMAGE in set_picture.Error:
                raise EngineError(PICTURE_REFUSED)
            _check(set_picture.Error)
            return AccountAnswer(picture_id=set_picture.PictureID)
        case FindUser():
            return await _find_user(session, order)
        case ListBlocked():
            return _blocked(await session.call(lambda library, client: library.account.blocked(client)))
        case SetBlocked(jid=jid, blocked=blocked):
            whom = to_proto(jid)
            return _blocked(
                await session.call(lambda library, client: library.account.block(client, whom, blocked))
            )
        case _:
            _check(await _told(session, order))
            return AccountAnswer()


async def _told(session: HostedSession, order: WatchPresence | SetName | SetAbout) -> str:
    match order:
        case WatchPresence(jid=jid):
            whom = to_proto(jid)
            return await session.call(lambda library, client: library.account.watch(client, whom))
        case SetName(name=name):
            return await session.call(lambda library, client: library.account.set_name(client, name))
        case SetAbout(about=about):
            return await session.call(lambda library, client: library.account.set_about(client, about))


async def _find_picture(session: HostedSession, order: FindPicture) -> AccountAnswer:
    whom = to_proto(order.jid)
    wanted = proto.GetProfilePictureParams(Preview=order.preview, ExistingID="", IsCommunity=False)
    asked = bytes(wanted.SerializeToString())
    data = await session.call(lambda library, client: library.account.picture(client, whom, asked))
    found = proto.GetProfilePictureReturnFunction.FromString(data)
    if any(sign in found.Error for sign in _NO_PICTURE):
        return AccountAnswer()
    _check(found.Error)
    return AccountAnswer(picture_id=found.Picture.ID or None, picture_url=found.Picture.URL or None)


async def _find_user(session: HostedSession, order: FindUser) -> AccountAnswer:
    asked = bytes(proto.JIDArray(JIDS=[proto.JID.FromString(to_proto(order.jid))]).SerializeToString())
    data = await session.call(lambda library, client: library.account.users(client, asked))
    found = proto.GetUserInfoReturnFunction.FromString(data)
    _check(found.Error)
    # Every account has a device, its phone at least; of an address that nobody has, none is listed.
    return AccountAnswer(exists=any(user.UserInfo.Devices for user in found.UsersInfo))


def _blocked(data: bytes) -> AccountAnswer:
    answer = proto.GetBlocklistReturnFunction.FromString(data)
    _check(answer.Error)
    return AccountAnswer(blocked=[text for jid in answer.Blocklist.JIDs if (text := to_text(jid))])


def _check(error: str) -> None:
    if error:
        raise refusals.of_account(error)
