"""The account itself without a network, for the engine that has none."""

import hashlib

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


class MemoryAccount:
    """What one account has set. `pictures` are URLs by JID, `nobody` addresses that no account has."""

    def __init__(self) -> None:
        self.name = ""
        self.about = ""
        self.picture: bytes | None = None
        self.watched: list[str] = []
        self.blocked: list[str] = []
        self.pictures: dict[str, str] = {}
        self.nobody: set[str] = set()

    def carry_out(self, order: AccountOrder) -> AccountAnswer:
        """Do what is asked."""
        match order:
            case WatchPresence(jid=jid):
                self.watched.append(jid)
            case SetName(name=name):
                self.name = name
            case SetAbout(about=about):
                self.about = about
            case SetOwnPicture(picture=picture):
                self.picture = picture
                return AccountAnswer(picture_id=hashlib.sha256(picture).hexdigest()[:10])
            case FindPicture(jid=jid):
                url = self.pictures.get(jid)
                picture_id = None if url is None else hashlib.sha256(url.encode()).hexdigest()[:10]
                return AccountAnswer(picture_id=picture_id, picture_url=url)
            case FindUser(jid=jid):
                return AccountAnswer(exists=jid not in self.nobody)
            case SetBlocked(jid=jid, blocked=blocked):
                self.blocked = [one for one in self.blocked if one != jid] + [jid] * blocked
                return AccountAnswer(blocked=self.blocked)
            case ListBlocked():
                return AccountAnswer(blocked=self.blocked)
        return AccountAnswer()
