"""`python -m waypost`: the same as the `waypost` command."""

from waypost.cli.main import app

if __name__ == "__main__":
    app(prog_name="waypost")
