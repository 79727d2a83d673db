from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waypost.api.endpoint import Call, Endpoint
from waypost.api.replies import Reply
from waypost.api.writes import Envelope
from waypost.chats.conversation import Conversation
from waypost.chats.history import History
from waypost.dashboard.group_names import GroupNames
from waypost.dashboard.handset import Handset
from waypost.dashboard.page import Visit
from waypost.dashboard.previews import Previews
from waypost.errors import NOT_IMPLEMENTED, ApiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What the pages of conversations are made of. `writes` are the API's endpoints by the name of their
    operation.
    """

    conversation: Conversation
    history: History
    previews: Previews
    handset: Handset
    group_names: GroupNames
    writes: Mapping[str, Endpoint]

    async def accept(self, visit: Visit, operation: str) -> str:
        """Accept what a page posted just as a call of the API: same fields, same rules, same order. The uuid
        of the queued request. Raises what the API's endpoint does.
        """
        endpoint = self.writes.get(operation)
        if endpoint is None:
            raise ApiError(NOT_IMPLEMENTED, f"This gateway offers no {operation}.")
        reply: Reply = await endpoint.answer(Call(http=visit.http, token=visit.token, instance=visit.of))
        if not isinstance(reply.body, Envelope):
            raise AssertionError("a page asks for no Prefer: wait")
        return reply.body.queued_request_uuid


def writes_of(endpoints: Sequence[Endpoint]) -> dict[str, Endpoint]:
    """The endpoints that queue something, by the name of their operation."""
    return {one.path.rpartition("/")[2]: one for one in endpoints if one.result is Envelope}
