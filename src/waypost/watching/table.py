"""Every metric that a gateway tells, in one table, which the documentation, the dashboard and the alerts are
held against.

Labels have few values each: names of operations, codes of the table of errors, states. No chat, number, URL
or text is ever one, and an instance is one only while a node holds few.
"""

from typing import Final, Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]

# A note is sent in tenths of a second, waits seconds behind others, and hours for a connection.
WAITS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0)
_WORK: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_CALLS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
_UNITS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metric(msgspec.Struct, frozen=True):
    """One metric: `about` says what it counts and in what unit. A counter's name ends in `_total`."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


HTTP_CALLS: Final = Metric(
    "waypost_http_calls_total",
    "counter",
    "Calls answered, by endpoint and HTTP status.",
    ("endpoint", "status"),
)
HTTP_SECONDS: Final = Metric(
    "waypost_http_seconds",
    "histogram",
    "Seconds from a call's head to its answer, those that wait (`Prefer: wait`) among them.",
    buckets=_CALLS,
)
ACCEPTS: Final = Metric(
    "waypost_accepts_total",
    "counter",
    "Calls that ask for something to be sent, by operation and outcome: `accepted`, `repeated` (an "
    "`Idempotency-Key` led to an earlier request), or the code of the refusal.",
    ("operation", "outcome"),
)
QUEUE: Final = Metric(
    "waypost_queue_requests",
    "gauge",
    "Unfinished requests in the database, of all nodes, by state; `held` ones have been told to wait until a "
    "time (a retry, pacing).",
    ("state", "held"),
)
QUEUE_AGE: Final = Metric(
    "waypost_queue_oldest_seconds",
    "gauge",
    "Age of the oldest of them, since it was accepted or tried again.",
    ("state", "held"),
)
ENDED: Final = Metric(
    "waypost_requests_ended_total",
    "counter",
    "Requests that ended, by operation, state (`sent`, `failed`, `cancelled`) and code of the reason.",
    ("operation", "state", "code"),
)
POSTPONED: Final = Metric(
    "waypost_requests_postponed_total",
    "counter",
    "Times that a request was told to wait, by the code of the reason.",
    ("code",),
)
SENDS: Final = Metric(
    "waypost_sends_total",
    "counter",
    "Messages given to the engine, by operation and outcome: `acked`, `outcome_unknown`, or the code of the "
    "refusal.",
    ("operation", "outcome"),
)
WORK_SECONDS: Final = Metric(
    "waypost_work_seconds",
    "histogram",
    "Seconds of each kind of work on a request: `prepare` (fetch, convert), `stage` (recipient, upload), "
    "`perform` (send, until the server's ack).",
    ("work",),
    _WORK,
)
WORK_FAILURES: Final = Metric(
    "waypost_work_failures_total",
    "counter",
    "Preparing and staging that failed, by work and code.",
    ("work", "code"),
)
CONVERSION_SECONDS: Final = Metric(
    "waypost_conversion_seconds",
    "histogram",
    "Seconds to make a file that can be sent, the wait for a worker included, by kind and outcome: "
    "`converted`, `passed_through` (a native voice note), `failed`.",
    ("kind", "outcome"),
    _WORK,
)
ACK_SECONDS: Final = Metric(
    "waypost_ack_seconds",
    "histogram",
    "Seconds from a request's acceptance (or retry) to the server's ack of its first message, by operation.",
    ("operation",),
    WAITS,
)
DELIVERED_SECONDS: Final = Metric(
    "waypost_delivered_seconds",
    "histogram",
    "Seconds from there to the first device that has it, by operation; of messages sent since the start.",
    ("operation",),
    WAITS,
)
INSTANCES: Final = Metric(
    "waypost_instances",
    "gauge",
    "Instances that this node holds, by status and reason (empty while all is well).",
    ("status", "reason"),
)
INSTANCE_WORKING: Final = Metric(
    "waypost_instance_working",
    "gauge",
    "1 for an instance that is WORKING, else 0; told while the node holds 100 at most.",
    ("instance_id",),
)
LEASE_EPOCH: Final = Metric(
    "waypost_lease_epoch",
    "gauge",
    "With many nodes: the epoch under which this node holds the instance; it grows with each new holder. "
    "Told while the node holds 100 at most.",
    ("instance_id",),
)
HELD: Final = Metric("waypost_instances_held", "gauge", "Instances that this node holds.")
IN_TOUCH: Final = Metric(
    "waypost_node_in_touch", "gauge", "With many nodes: 1 while this node's leases are renewed, else 0."
)
SESSION_STATES: Final = Metric(
    "waypost_session_changes_total",
    "counter",
    "Changes of sessions as the engine told them: `connected` is a connect or reconnect, `disconnected` a "
    "loss.",
    ("state",),
)
ARRIVALS: Final = Metric(
    "waypost_engine_events_total", "counter", "Events that the engine delivered, by kind.", ("kind",)
)
ENGINE_PROCESSES: Final = Metric("waypost_engine_processes", "gauge", "Engine processes that run sessions.")
ENGINE_DEATHS: Final = Metric(
    "waypost_engine_process_deaths_total",
    "counter",
    "Engine processes that ended though sessions were in them.",
)
PROCESS_MEMORY: Final = Metric(
    "waypost_process_memory_bytes",
    "gauge",
    "Resident memory by kind of process: `gateway`, `engine`, `worker`; Linux only.",
    ("process",),
)
LANES: Final = Metric("waypost_lanes", "gauge", "Instances of which requests are, or lately were, in memory.")
IN_MEMORY: Final = Metric(
    "waypost_lane_requests",
    "gauge",
    "Requests in memory, by what they wait for or are busy with.",
    ("phase",),
)
BREAKERS: Final = Metric(
    "waypost_breakers_open", "gauge", "Instances whose paced messages wait after refusals in a row."
)
RESTRICTED: Final = Metric(
    "waypost_instances_restricted", "gauge", "Instances that WhatsApp lets open no new chats for now."
)
WEBHOOK_ATTEMPTS: Final = Metric(
    "waypost_webhook_attempts_total",
    "counter",
    "Attempts to deliver an event, by its name and outcome: `delivered`, `refused` (an answer that is no "
    "2xx), `unreachable`.",
    ("event", "outcome"),
)
WEBHOOK_SECONDS: Final = Metric(
    "waypost_webhook_seconds", "histogram", "Seconds of an attempt.", ("outcome",), _CALLS
)
WEBHOOK_GIVEN_UP: Final = Metric(
    "waypost_webhook_given_up_total", "counter", "Deliveries that became dead letters one by one.", ("event",)
)
WEBHOOKS_DISABLED: Final = Metric(
    "waypost_webhooks_disabled_total", "counter", "Webhooks that were disabled because they kept failing."
)
DELIVERIES: Final = Metric(
    "waypost_webhook_deliveries",
    "gauge",
    "Deliveries in the database, of all nodes: `pending`, and `dead` letters that were not forgotten yet.",
    ("state",),
)
DELIVERY_AGE: Final = Metric(
    "waypost_webhook_oldest_seconds", "gauge", "Age of the oldest delivery that is pending."
)
COMMIT_UNITS: Final = Metric(
    "waypost_commit_units", "histogram", "Units of work that shared a commit.", buckets=_UNITS
)
COMMIT_SECONDS: Final = Metric(
    "waypost_commit_seconds",
    "histogram",
    "Seconds of a group commit, from its first statement until it is durable or has failed.",
    buckets=_CALLS,
)
DATABASE_HEALTHY: Final = Metric(
    "waypost_database_healthy", "gauge", "1 unless the last commit failed; then 0 until one succeeds."
)
FIGURES_AGE: Final = Metric(
    "waypost_figures_age_seconds",
    "gauge",
    "Age of what the database was asked for this page: ten seconds, or twenty times as long as asking took.",
)
DISK_FREE: Final = Metric("waypost_disk_free_bytes", "gauge", "Room on the disk of the data folder.")
DISK_SIZE: Final = Metric("waypost_disk_size_bytes", "gauge", "Size of that disk.")
BUILD: Final = Metric(
    "waypost_build_info",
    "gauge",
    "Always 1; the labels name the release and its Python.",
    ("version", "python"),
)
STARTED: Final = Metric(
    "waypost_start_time_seconds", "gauge", "When this node started, seconds since the epoch."
)

# Counted when it happens; everything else is looked up for each page.
COUNTED: Final = (
    HTTP_CALLS,
    HTTP_SECONDS,
    ACCEPTS,
    ENDED,
    POSTPONED,
    SENDS,
    WORK_SECONDS,
    WORK_FAILURES,
    CONVERSION_SECONDS,
    ACK_SECONDS,
    DELIVERED_SECONDS,
    SESSION_STATES,
    ARRIVALS,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_SECONDS,
    WEBHOOK_GIVEN_UP,
    WEBHOOKS_DISABLED,
    COMMIT_UNITS,
    COMMIT_SECONDS,
)
LOOKED_UP: Final = (
    QUEUE,
    QUEUE_AGE,
    INSTANCES,
    INSTANCE_WORKING,
    LEASE_EPOCH,
    HELD,
    IN_TOUCH,
    ENGINE_PROCESSES,
    ENGINE_DEATHS,
    PROCESS_MEMORY,
    LANES,
    IN_MEMORY,
    BREAKERS,
    RESTRICTED,
    DELIVERIES,
    DELIVERY_AGE,
    DATABASE_HEALTHY,
    FIGURES_AGE,
    DISK_FREE,
    DISK_SIZE,
    BUILD,
    STARTED,
)
TABLE: Final = (*COUNTED, *LOOKED_UP)
