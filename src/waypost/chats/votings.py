import msgspec

from waypost.chats import payloads
from waypost.chats.directory import Directory
from waypost.chats.payloads import Parties, Party, Payload
from waypost.chats.reading import Reading, read
from waypost.chats.store import ChatStore
from waypost.chats.votes import chosen, opened
from waypost.instances.messages import Message


class Votings:
    """Opens votes with what is kept of their polls."""

    def __init__(self, store: ChatStore, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def told(self, message: Message, reading: Reading, parties: Parties) -> tuple[str, Payload]:
        """The event of a vote: `poll.vote`, or `poll.vote.failed` where it can't be opened."""
        about, vote = reading.about, reading.vote
        poll = None if about is None else await self._poll(message, about.id, parties)
        if about is None or vote is None or poll is None:
            author = parties.own if about is not None and not about.from_me else parties.sender
            poll_id = "" if about is None else about.id
            at_ms = 0 if vote is None else vote.at_ms
            return "poll.vote.failed", payloads.poll_vote(message, parties, poll_id, author, [], at_ms)
        author = await self._author(poll, parties)
        hashes = opened(vote, poll.message_id, poll.secret or b"", author.jids, parties.sender.jids)
        asked = read(msgspec.json.decode(poll.names or b"{}")).poll
        selected = None if hashes is None or asked is None else chosen(hashes, asked.options)
        name = "poll.vote.failed" if selected is None else "poll.vote"
        payload = payloads.poll_vote(message, parties, poll.message_id, author, selected or [], vote.at_ms)
        return name, payload

    async def _poll(self, message: Message, poll_id: str, parties: Parties) -> Message | None:
        found = await self._store.find(message.instance_id, poll_id)
        poll = next((one for one in found if one.secret and one.kind == "poll"), None)
        return poll if poll is not None and poll.chat in parties.chat.jids else None

    async def _author(self, poll: Message, parties: Parties) -> Party:
        if poll.from_me:
            return parties.own
        return await self._directory.party(poll.instance_id, poll.sender)
