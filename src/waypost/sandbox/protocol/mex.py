"""Questions in GraphQL (`w:mex`): the query goes by number, variables and answer are JSON.

The numbers are those that clients carry (Baileys 7.0.0-rc14, `QueryIds`; whatsmeow, `newsletter.go`). There
are no newsletters: an account follows none, and a question about one is answered as if it did not exist.
"""

import json
from typing import Any, Final

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import profiles
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import Node

_NOT_FOUND: Final = {"data": None, "errors": [{"message": "Not Found", "extensions": {"error_code": 404}}]}
_NEWSLETTERS: Final = frozenset(
    {
        # Baileys: create, update, metadata, subscribers, follow, unfollow, mute, unmute, count of admins,
        # change of owner, demote, delete.
        "8823471724422422",
        "24250201037901610",
        "6563316087068696",
        "9783111038412085",
        "24404358912487870",
        "9767147403369991",
        "29766401636284406",
        "9864994326891137",
        "7130823597031706",
        "7341777602580933",
        "6551828931592903",
        "30062808666639665",
        # whatsmeow: create, follow, unfollow, mute, unmute.
        "6234210096708695",
        "9926858900719341",
        "6392786840836363",
        "6274038279359549",
        "6068417879924485",
    }
)
_ANSWERS: Final[dict[str, Any]] = {
    # Whether the account may open new chats; a restriction is injected per message (`refuse_message`).
    "23983697327930364": {"data": {"xwa2_fetch_account_reachout_timelock": {"is_active": False}}},
    "6388546374527196": {"data": {"xwa2_newsletter_subscribed": []}},
}

# whatsmeow, user.go: the text under the name; the answer is not read.
_SET_ABOUT: Final = "9152604461510864"


async def get(network: Network, link: Link, request: Node) -> tuple[Node, ...]:
    """Answer a query by its number; one that is not known here counts as an unknown request."""
    query = request.need_child("query")
    number = query.need("query_id")
    if number == _SET_ABOUT:
        return await _set_about(network, link, query)
    if number not in _ANSWERS and number not in _NEWSLETTERS:
        network.unknown(link, request)
    return (Node("result", {}, json.dumps(_ANSWERS.get(number, _NOT_FOUND)).encode()),)


async def _set_about(network: Network, link: Link, query: Node) -> tuple[Node, ...]:
    try:
        about = json.loads(query.data)["variables"]["input"]["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise WireError("A text for the profile can't be read.") from error
    number = link.device.number
    await network.store.run(lambda rows: profiles.set_about(rows, number, str(about)))
    return (Node("result", {}, b'{"data": {}}'),)
