"""Questions in GraphQL (`w:mex`): the query goes by number, variables and answer are JSON.

The numbers are those that clients carry (Baileys 7.0.0-rc14, `QueryIds`). Newsletters, what most of them are
about, are not emulated: those questions get an error of the kind that clients expect there.
"""

import json
from typing import Any, Final

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.wire.node import Node

_NOT_FOUND: Final = {"data": None, "errors": [{"message": "Not Found", "extensions": {"error_code": 404}}]}
_ANSWERS: Final[dict[str, Any]] = {
    # Whether the account may open new chats; a restriction is injected per message (`refuse_message`).
    "23983697327930364": {"data": {"xwa2_fetch_account_reachout_timelock": {"is_active": False}}},
}


async def get(_network: Network, _link: Link, request: Node) -> tuple[Node, ...]:
    """Answer a query by its number."""
    number = request.need_child("query").need("query_id")
    return (Node("result", {}, json.dumps(_ANSWERS.get(number, _NOT_FOUND)).encode()),)
