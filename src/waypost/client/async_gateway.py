# Made by `python -m scripts.api` from the operations.
from waypost.client import calls
from waypost.client.awaiting import AsyncBound, answered


class AsyncGateway(AsyncBound):
    """The calls of the gateway itself."""

    create_instance = answered(calls.create_instance)
    instances = answered(calls.instances)
    create_token = answered(calls.create_token)
    list_tokens = answered(calls.list_tokens)
    delete_token = answered(calls.delete_token)
