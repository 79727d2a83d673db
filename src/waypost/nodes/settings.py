import msgspec


class TenancySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How leases are kept; all in seconds.

    What a node held that vanishes sends again after `ttl` at most, and the time that a session takes to
    connect.
    """

    ttl: float = 5.0
    renew: float = 1.5
    # Sessions are ended this long before the lease may be another's, whatever the clocks' drift. The kernel
    # does it, to the millisecond.
    margin: float = 1.2
    # Shares are compared and free leases looked for this often, where no notice comes first.
    look: float = 1.5
    # How long a node is above its share before it hands over: others may be about to leave or come.
    surplus: float = 3.0
    # Who has not renewed for so long may have vanished: nothing is handed over before that is known, since
    # all shares are others then.
    silence: float = 3.0
    # How long everything may take to be handed over when the node stops: what running sends get, and a moment
    # to close the sessions.
    drain: float = 13.0
