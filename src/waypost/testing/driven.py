"""A program that is driven by JSON lines: calls go to its stdin, answers and events come from its stdout.

The line `{n, call, args}` is answered by `{answer: n, result}` or `{answer: n, error}`; others are events.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

_LINE: Final = 8 * 1024 * 1024
"""Bytes of one line at most."""
_CALL_WITHIN_S: Final = 30.0
_END_WITHIN_S: Final = 5.0


class DrivenFailed(Exception):
    """The program refused a call, ended, or stayed silent; the message carries what it said last."""


class Driven:
    """A running program; its events are kept in order until somebody takes them."""

    def __init__(self, name: str, child: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._child = child
        self._log = log
        self._events: list[dict[str, Any]] = []
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._changed = asyncio.Condition()
        self._calls = 0
        self._ended = False
        self._reader = asyncio.create_task(self._read(), name=f"driven-{name}")

    async def event(self, name: str, within: float = 20.0, **wanted: Any) -> dict[str, Any]:
        """Take out the first event of that name and content; DrivenFailed when none comes `within` s."""
        try:
            async with asyncio.timeout(within), self._changed:
                while (event := self._find(name, wanted)) is None:
                    if self._ended:
                        raise DrivenFailed(f"{self.name} ended before {name} {wanted}\n{self.tail()}")
                    await self._changed.wait()
        except TimeoutError:
            said = f"{self.name}: no {name} {wanted} within {within:.0f} s; there were {self._events}"
            raise DrivenFailed(f"{said}\n{self.tail()}") from None
        self._events.remove(event)
        return event

    def seen(self, name: str) -> list[dict[str, Any]]:
        """Events of that name that nobody has taken."""
        return [event for event in self._events if event["event"] == name]

    async def call(self, call: str, **args: Any) -> Any:
        """Let the program do something; DrivenFailed when it says that it could not."""
        self._calls += 1
        number = self._calls
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        assert self._child.stdin is not None
        try:
            if self._ended:
                raise DrivenFailed(f"{self.name} has ended\n{self.tail()}")
            self._child.stdin.write(json.dumps({"n": number, "call": call, "args": args}).encode() + b"\n")
            async with asyncio.timeout(_CALL_WITHIN_S):
                told = await answer
        except TimeoutError:
            said = f"{self.name} did not answer {call} in {_CALL_WITHIN_S:.0f} s"
            raise DrivenFailed(f"{said}\n{self.tail()}") from None
        finally:
            self._answers.pop(number, None)
        if "error" in told:
            raise DrivenFailed(f"{self.name} could not {call}: {told['error']}\n{self.tail()}")
        return told["result"]

    async def stop(self) -> None:
        """End it: its stdin is closed, and it is killed when that does not do."""
        if self._child.returncode is None:
            if self._child.stdin is not None:
                self._child.stdin.close()
            try:
                async with asyncio.timeout(_END_WITHIN_S):
                    await self._child.wait()
            except TimeoutError:
                self._child.kill()
                await self._child.wait()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def _find(self, name: str, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        for event in self._events:
            if event["event"] == name and all(event.get(key) == value for key, value in wanted.items()):
                return event
        return None

    async def _read(self) -> None:
        assert self._child.stdout is not None
        try:
            while line := await self._child.stdout.readline():
                await self._take(json.loads(line))
        except ValueError as error:
            with self._log.open("ab") as log:
                log.write(f"its stdout carried what is no JSON line: {error}\n".encode())
        finally:
            self._ended = True
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(DrivenFailed(f"{self.name} ended\n{self.tail()}"))
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, line: dict[str, Any]) -> None:
        if "answer" in line:
            answer = self._answers.get(line["answer"])
            if answer is not None and not answer.done():
                answer.set_result(line)
            return
        async with self._changed:
            self._events.append(line)
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def driving(
    name: str, command: tuple[str, ...], environment: Mapping[str, str], log: Path
) -> AsyncIterator[Driven]:
    """Run a program while the context lasts; what it writes to stderr goes to `log`."""
    with log.open("ab") as stderr:
        child = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            limit=_LINE,
        )
    driven = Driven(name, child, log)
    try:
        yield driven
    finally:
        await driven.stop()
