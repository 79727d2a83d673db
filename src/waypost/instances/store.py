from typing import Protocol

from waypost.instances.instance import Account, Instance
from waypost.instances.overrides import Overrides


class InstanceStore(Protocol):
    """Where instances are kept."""

    async def add(self, instance: Instance) -> None:
        """Keep a new instance. Raises InvalidRequest(NAME_TAKEN)."""
        ...

    async def list(self) -> list[Instance]:
        """All instances, oldest first."""
        ...

    async def get(self, instance_id: str) -> Instance | None:
        """The instance with that id."""
        ...

    async def set_account(self, instance_id: str, account: Account | None, ended: str = "") -> None:
        """Note which account is paired; with None, `ended` says why there is none any more."""
        ...

    async def set_caption(self, instance_id: str, as_text: bool) -> None:
        """Note whether a caption follows a voice note as a text."""
        ...

    async def set_overrides(self, instance_id: str, overrides: Overrides) -> None:
        """Note what the operator chose for this instance alone."""
        ...

    async def delete(self, instance_id: str) -> None:
        """Forget an instance with its tokens, contacts and messages."""
        ...
