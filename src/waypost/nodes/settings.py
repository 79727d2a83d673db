import msgspec


class TenancySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How leases are kept; all in seconds.

    A node that vanishes is noticed after `ttl`; what it held sends again after that, the `look` of the node
    that takes it, and the time that a session takes to connect.
    """

    ttl: float = 6.0
    renew: float = 2.0
    # Sessions are ended this long before the lease may be another's, whatever the clocks' drift.
    margin: float = 1.5
    # Shares are compared and free leases looked for this often, where no notice comes first.
    look: float = 2.0
    # How long a node is above its share before it hands over: others may be about to leave or come.
    surplus: float = 3.0
    # Who has not renewed for so long may have vanished: nothing is handed over before that is known, since
    # all shares are others then.
    silence: float = 3.5
    # How long everything may take to be handed over when the node stops: what running sends get, and a moment
    # to close the sessions.
    drain: float = 13.0
