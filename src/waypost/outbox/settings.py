import msgspec

from waypost.durable.retry import Schedule

DAY = 86_400.0


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many at a time and for how long; all times in seconds."""

    # Accepting more than can be sent within the expiry only moves the refusal to where nobody can act on it.
    max_unfinished: int = 100_000
    # More than an account can send in a day at any pace that WhatsApp puts up with.
    max_of_instance: int = 20_000
    # Per instance: requests that are read ahead into memory, and of one chat; the rest waits in the database.
    window: int = 256
    window_of_chat: int = 8
    # How often requests that are not in memory are looked through for those that have expired.
    look_every: float = 1.0
    expires: float = DAY
    # Fetches wait for others, conversions for a processor: a few more than there are voice workers. Of one
    # instance not nearly all, so that its files on a slow server hold no other up.
    prepares: int = 32
    prepares_of_instance: int = 8
    # Per instance: requests whose recipient is looked up and whose media is uploaded at the same time.
    stages: int = 8
    # Per instance: sends of different chats at the same time.
    sends: int = 4
    # A send that has no ack after this time no longer takes one of those places.
    slow_send: float = 10.0
    # How many requests of one chat are made ready while the first of them waits.
    ahead_in_chat: int = 4
    # How many are made ready per instance while the session can't take them.
    ahead: int = 64
    # How long receipts may settle a send of unknown outcome, from when the session is connected.
    settle: float = 60.0
    # Deadlines around the executor's calls, above its own.
    prepare_deadline: float = 900.0
    stage_deadline: float = 300.0
    perform_deadline: float = 120.0
    retry: Schedule = Schedule()
    # A caller's url that does not answer: given up after about 14 s, while a client still polls, since what
    # was accepted later for the same chat waits behind it.
    fetch_attempts: int = 4
    idempotency: float = DAY
    keep_sent_blobs: float = DAY
    keep_failed_blobs: float = 7 * DAY
    keep_requests: float = 30 * DAY
    # A file without a row may belong to a call that is being accepted; after this nobody can be.
    keep_orphans: float = 3_600.0
    # A recipient who could not decrypt asks again within seconds; then the engine sends again.
    undecryptable: float = 120.0
    sweep_every: float = 60.0
    waiters: int = 1_000
    # How long sends may take to finish when the gateway stops.
    drain: float = 10.0
