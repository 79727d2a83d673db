class Unread:
    """From which `seq` on the database may have rows that are not in memory, while it is read too."""

    __slots__ = ("_marked", "_reading")

    def __init__(self) -> None:
        self._marked: int | None = None
        self._reading: int | None = None

    def __bool__(self) -> bool:
        return self._marked is not None or self._reading is not None

    @property
    def waits(self) -> bool:
        """Whether there is something to read that nobody reads yet."""
        return self._marked is not None and self._reading is None

    @property
    def is_read(self) -> bool:
        """Whether somebody reads just now."""
        return self._reading is not None

    def mark(self, seq: int) -> None:
        """There may be a row at `seq`."""
        self._marked = seq if self._marked is None else min(self._marked, seq)

    def marked_from(self, seq: int) -> bool:
        """Whether a row at `seq` will be read, after what is read now."""
        return self._marked is not None and self._marked <= seq

    def start(self, otherwise: int) -> int:
        """From where it will be read after what is read now, if at all."""
        return otherwise if self._marked is None else self._marked

    def before(self, seq: int) -> bool:
        """Whether a row older than `seq` may be unread."""
        return any(one is not None and one < seq for one in (self._marked, self._reading))

    def begin(self) -> int:
        """Begin to read; from where. What is marked from now on is read another time."""
        start = self._marked or 0
        self._reading, self._marked = start, None
        return start

    def end(self, rest: int | None) -> None:
        """What was read is in memory or marked; from `rest` on there is more."""
        self._reading = None
        if rest is not None:
            self.mark(rest)
