"""Every setting with its default, unit and reason: one table, read from `WAYPOST_*` variables or flags,
checked whole.

A setting `port` is the variable `WAYPOST_PORT` and the flag `--port`. Mistakes are collected and told
together, one sentence each, so that nobody corrects a configuration one restart at a time.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec import Meta

from waypost.config_text import converted, is_http, is_network, sentence

PREFIX = "WAYPOST_"
# What the commands that talk to a gateway read.
_OF_COMMANDS: Final = frozenset({PREFIX + "URL", PREFIX + "TOKEN", PREFIX + "INSTANCE", PREFIX + "TRACEBACK"})

# Below lies a whisper, above it nothing but a compressor gets.
QUIETEST_LUFS: Final = -40.0
LOUDEST_LUFS: Final = -5.0

_SHORTEST_TOKEN: Final = 20

_Count = Annotated[int, Meta(ge=0)]
_Port = Annotated[int, Meta(ge=0, le=65535)]
_Seconds = Annotated[float, Meta(gt=0)]


class ConfigError(Exception):
    """The settings can't be used; `mistakes` holds one sentence for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


# Addresses of databases hold passwords.
_SECRETS: Final = frozenset(
    {"admin_token", "metrics_token", "database_url", "database_direct_url", "blobs_url"}
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a gateway. An empty text, list or 0 where the description says so means "not set"."""

    data: Annotated[
        Path, Meta(description="Folder of everything that is kept: database, session stores, files.")
    ] = Path("waypost-data")
    database_url: Annotated[
        str,
        Meta(description="PostgreSQL that nodes share, postgresql://…; empty: SQLite in the data folder."),
    ] = ""
    database_direct_url: Annotated[
        str,
        Meta(description="The same database past a pooler in transaction mode; empty: there is no pooler."),
    ] = ""
    database_connections: Annotated[
        int, Meta(ge=4, description="Connections of one node to PostgreSQL, beside one for notices.")
    ] = 6
    blobs_url: Annotated[
        str,
        Meta(
            description="Object store for files above WAYPOST_INLINE_MAX_BYTES, s3://bucket/prefix, with the "
            "usual AWS_* variables; empty: the data folder, or PostgreSQL."
        ),
    ] = ""
    # Loopback: whoever reaches the API with a token sends as the account. Opening it up is the operator's
    # decision.
    host: Annotated[str, Meta(min_length=1, description="Address that the HTTP API listens on.")] = (
        "127.0.0.1"
    )
    port: Annotated[_Port, Meta(description="Port of the HTTP API; 0 takes any free one.")] = 8780
    public_url: Annotated[
        str,
        Meta(
            description="Address under which callers reach the API, for links; empty: the Host of each call."
        ),
    ] = ""
    admin_token: Annotated[
        str,
        Meta(description="Admin token, <number>|<secret>; empty: made at the first start and printed once."),
    ] = ""
    metrics_token: Annotated[
        str,
        Meta(
            description="Bearer token that may read /metrics and nothing else. Empty: an admin token may, "
            "and anybody on this machine while WAYPOST_HOST is loopback and no proxy or public URL is named."
        ),
    ] = ""
    trusted_proxies: Annotated[
        list[str],
        Meta(description="Addresses or networks whose X-Forwarded-* headers count, separated by commas."),
    ] = []

    network: Annotated[
        Literal["whatsapp", "sandbox"],
        Meta(description="Network of instances that name none when they are created."),
    ] = "whatsapp"
    sandbox_url: Annotated[
        str, Meta(description="Control API of the sandbox, for instances on the sandbox network.")
    ] = "http://127.0.0.1:8790"

    fetch_allow: Annotated[
        list[str],
        Meta(
            description="Private addresses and odd ports that a caller's url may lead to: host, address or "
            "network, each with an optional :port, separated by commas."
        ),
    ] = []

    webhook_allow: Annotated[
        list[str],
        Meta(
            description="Private addresses, odd ports and hosts without TLS that webhooks may lead to, such "
            "as n8n:5678: host, address or network, each with an optional :port, separated by commas."
        ),
    ] = []
    webhook_retry_seconds: Annotated[
        _Seconds,
        Meta(description="How long a delivery is tried; the delays between attempts are in proportion."),
    ] = 259_200.0
    keep_events_seconds: Annotated[
        _Seconds,
        Meta(description="Events, their deliveries and dead letters are kept this long."),
    ] = 1_209_600.0

    # What the API's documentation promises for audio, counted in file bytes (after base64).
    upload_max_bytes: Annotated[
        int, Meta(ge=1024, description="Largest file that a call may carry or a url lead to.")
    ] = 16_777_216
    # Up to here a file rides in the accepting transaction; beyond it a file of its own is cheaper than a fat
    # database.
    inline_max_bytes: Annotated[
        _Count, Meta(description="Files up to this size are stored in the database.")
    ] = 262_144

    # 0: as many as the CPU quota allows; conversion is pure computation.
    voice_workers: Annotated[
        _Count, Meta(description="Conversion processes; 0: as many as there are processors.")
    ] = 0
    voice_max_seconds: Annotated[_Seconds, Meta(description="Longest voice note, in seconds.")] = 3600.0
    voice_normalize: Annotated[
        str,
        Meta(
            description="Loudness that voice notes are brought to, in LUFS from -40 to -5 (EBU R128), such "
            "as -16; `off` leaves levels as they are and native notes byte for byte."
        ),
    ] = "off"

    # One process with 50 sessions takes 118 MB and comes back in under a second; 100 take longer to pair.
    engine_sessions_per_process: Annotated[
        int, Meta(ge=1, description="Sessions that share one engine process.")
    ] = 50

    expires_seconds: Annotated[
        _Seconds, Meta(description="An accepted request that was not sent ends after this.")
    ] = 86_400.0
    sends_in_flight: Annotated[
        int, Meta(ge=1, description="Sends of different chats at the same time, per instance.")
    ] = 4
    queue_max: Annotated[
        int, Meta(ge=1, description="Unfinished requests that the gateway holds at most.")
    ] = 100_000
    # More than an account can send in a day at any pace that WhatsApp puts up with.
    queue_max_per_instance: Annotated[
        int,
        Meta(ge=1, description="Unfinished requests of one instance at most; beyond it calls answer 429."),
    ] = 20_000
    unknown_seconds: Annotated[
        _Seconds,
        Meta(description="How long receipts may settle a send whose outcome is unknown before it fails."),
    ] = 60.0
    when_unknown: Annotated[
        Literal["fail", "resend"],
        Meta(
            description="What becomes of a send that stays unknown: `fail` never sends twice, `resend` "
            "rather twice than not at all."
        ),
    ] = "fail"

    # Networks look at how many strangers an account writes to, and how regularly. The sandbox does not.
    pacing: Annotated[
        Literal["whatsapp", "all", "off"],
        Meta(description="What is paced: instances on `whatsapp`, `all` (the sandbox too), or none (`off`)."),
    ] = "whatsapp"
    pacing_open_chats: Annotated[
        bool,
        Meta(description="Whether messages to open chats are paced too; a chat is open once anybody wrote."),
    ] = False
    pacing_gap_seconds: Annotated[
        float, Meta(ge=0, description="Time between two paced messages of an instance.")
    ] = 4.0
    pacing_jitter: Annotated[
        float, Meta(ge=0, le=1, description="Share by which each gap is made shorter or longer by chance.")
    ] = 0.5
    pacing_per_minute: Annotated[
        _Count, Meta(description="Messages of an instance in any minute; a paced one waits beyond. 0: any.")
    ] = 8
    pacing_per_day: Annotated[
        _Count, Meta(description="Messages of an instance in any 24 hours, likewise. 0: any.")
    ] = 1_000
    pacing_first_contacts: Annotated[
        _Count, Meta(description="New chats that an instance opens in any 24 hours. 0: any.")
    ] = 50
    pacing_warm_up_days: Annotated[
        _Count,
        Meta(
            description="Days over which a new instance's share of the two daily limits grows evenly from "
            "one part to all. 0: all at once."
        ),
    ] = 10
    pacing_show_seconds: Annotated[
        float,
        Meta(ge=0, description="Longest time that recording… or typing… is shown before a paced message."),
    ] = 8.0
    pacing_breaker_failures: Annotated[
        _Count, Meta(description="Refusals in a row after which nothing paced goes for a while. 0: never.")
    ] = 5
    pacing_breaker_seconds: Annotated[_Seconds, Meta(description="How long that while is.")] = 600.0
    undecryptable_seconds: Annotated[
        _Seconds,
        Meta(description="How long a recipient's question for a message it can't decrypt may stay open."),
    ] = 120.0
    keep_sent_files_seconds: Annotated[
        _Seconds, Meta(description="Uploads of sent requests are kept this long.")
    ] = 86_400.0
    keep_failed_files_seconds: Annotated[
        _Seconds, Meta(description="Uploads of failed requests are kept this long.")
    ] = 604_800.0
    keep_requests_seconds: Annotated[_Seconds, Meta(description="Finished requests are kept this long.")] = (
        2_592_000.0
    )
    keep_messages_seconds: Annotated[
        _Seconds, Meta(description="Messages, own and incoming, can be quoted this long.")
    ] = 2_592_000.0
    keep_media_seconds: Annotated[
        _Seconds, Meta(description="Files of messages, incoming and sent, are kept this long.")
    ] = 604_800.0
    media_max_bytes: Annotated[
        _Count, Meta(description="Larger files of incoming messages are not fetched.")
    ] = 67_108_864
    media_link_seconds: Annotated[
        _Seconds, Meta(description="Links to files in events work this long; as long as webhooks are tried.")
    ] = 259_200.0
    wait_max_seconds: Annotated[_Seconds, Meta(description="Longest `Prefer: wait` that is honoured.")] = 60.0
    drain_seconds: Annotated[
        _Seconds, Meta(description="How long a stopping gateway lets sends and calls finish.")
    ] = 10.0

    # The limits that clients of the API know; 0 turns one off.
    limit_create_instance: Annotated[
        _Count, Meta(description="Calls of create-instance per minute and token; 0: any.")
    ] = 5
    limit_qr_code: Annotated[
        _Count,
        Meta(description="Calls of request-new-qr-code and of request-pairing-code per minute; 0: any."),
    ] = 1
    limit_restart: Annotated[
        _Count, Meta(description="Calls of restart per minute and instance; 0: any.")
    ] = 5

    # A phone scans within the minute or somebody has gone for coffee; each round shows fresh codes by itself.
    pairing_seconds: Annotated[
        _Seconds, Meta(description="How long fresh QR codes are made for somebody to scan.")
    ] = 600.0
    # A body that trickles in holds memory and a socket; 16 MB in this time is 1 Mbit/s.
    body_seconds: Annotated[
        _Seconds, Meta(description="Time within which the body of a call must have arrived.")
    ] = 120.0

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Meta(description="Log lines for people or for machines.")
    ] = "text"

    def __repr__(self) -> str:
        """The settings without what is secret."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name not in _SECRETS}
        return f"Settings({shown})"


def descriptions() -> dict[str, str]:
    """What each setting is for, for `--help` and the documentation."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        metas = [meta.description for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, Meta)]
        found[name] = next((text for text in reversed(metas) if text), "")
    return found


def load(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Settings from `WAYPOST_*` variables, overridden by `flags` (by setting name). Raises ConfigError."""
    # An empty variable is how compose files and shells write one that is not set.
    given = {
        name: environ[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if environ.get(PREFIX + name.upper(), "").strip()
    }
    given.update({name: value for name, value in (flags or {}).items() if value is not None})
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    hints = get_type_hints(Settings, include_extras=True)
    for name, text in given.items():
        try:
            values[name] = converted(hints[name], text.strip())
        except msgspec.ValidationError as wrong:
            reason = sentence(hints[name], wrong)
            mistakes.append(f"{PREFIX}{name.upper()}: {reason} (it is set to {_shown(name, text)}).")
        except RuntimeError:  # of expanduser
            mistakes.append(f"{PREFIX}{name.upper()}: nobody has that home folder (it is set to {text!r}).")
        except UnicodeEncodeError:
            mistakes.append(f"{PREFIX}{name.upper()}: it is not UTF-8.")
    settings = Settings(**values)
    mistakes += check(settings)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


def check(settings: Settings) -> list[str]:
    """What is wrong with `settings`, one sentence each; empty when they can be used."""
    mistakes = [
        f"{PREFIX}{name.upper()}: this is not an http or https address ({url})."
        for name, url in (("public_url", settings.public_url), ("sandbox_url", settings.sandbox_url))
        if url and not is_http(url)
    ]
    mistakes += [
        f"{PREFIX}{name.upper()}: this is not a postgresql:// address."
        for name, url in (
            ("database_url", settings.database_url),
            ("database_direct_url", settings.database_direct_url),
        )
        if url and not url.startswith(("postgresql://", "postgres://"))
    ]
    if settings.blobs_url and not settings.blobs_url.startswith("s3://"):
        mistakes.append(f"{PREFIX}BLOBS_URL: this is not an s3:// address.")
    if settings.database_direct_url and not settings.database_url:
        mistakes.append(f"{PREFIX}DATABASE_DIRECT_URL: it means nothing without {PREFIX}DATABASE_URL.")
    mistakes += [
        f"{PREFIX}TRUSTED_PROXIES: {entry} is neither an address nor a network."
        for entry in settings.trusted_proxies
        if not is_network(entry)
    ]
    number, bar, secret = settings.admin_token.partition("|")
    if settings.admin_token and (not bar or not number.isdecimal() or len(secret) < _SHORTEST_TOKEN):
        mistakes.append(
            f"{PREFIX}ADMIN_TOKEN: write it as <number>|<secret> with a secret of 20 characters or more."
        )
    if settings.metrics_token and len(settings.metrics_token) < _SHORTEST_TOKEN:
        mistakes.append(f"{PREFIX}METRICS_TOKEN: write {_SHORTEST_TOKEN} characters or more.")
    if settings.inline_max_bytes > settings.upload_max_bytes:
        mistakes.append(f"{PREFIX}INLINE_MAX_BYTES: it may not be above {PREFIX}UPLOAD_MAX_BYTES.")
    try:
        normalize_lufs(settings)
    except ValueError:
        mistakes.append(
            f"{PREFIX}VOICE_NORMALIZE: write off or LUFS from {QUIETEST_LUFS:g} to {LOUDEST_LUFS:g} "
            f"(it is set to {settings.voice_normalize!r})."
        )
    return mistakes


def normalize_lufs(settings: Settings) -> float | None:
    """The loudness that voice notes are brought to, None for `off`; ValueError where it is neither."""
    if settings.voice_normalize == "off":
        return None
    value = float(settings.voice_normalize)
    if not QUIETEST_LUFS <= value <= LOUDEST_LUFS:
        raise ValueError("outside of what can be asked for")
    return value


def strangers(environ: Mapping[str, str]) -> list[str]:
    """`WAYPOST_*` variables that are no setting, most often a slip of the pen; one sentence each."""
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | _OF_COMMANDS
    found = []
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in known):
        near = difflib.get_close_matches(name, known, 1)
        found.append(f"{name} is no setting and has no effect{f'; is it {near[0]}?' if near else '.'}")
    return found


def _shown(name: str, text: str) -> str:
    return "a secret" if name in _SECRETS else repr(text)
