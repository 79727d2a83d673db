"""`python -m waypost.engine.hosts.whatsmeow FD`: an engine process. FD is its end of a socket pair with the
gateway."""

import sys


def main() -> None:
    """Run until the gateway closes the socket or dies."""
    # Where rich is installed structlog imports it, to colour what nobody looks at here: 4 MB of each process,
    # and 50 ms of its start.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from waypost.engine.hosts.whatsmeow.host import main as serve

    serve()


if __name__ == "__main__":
    main()
