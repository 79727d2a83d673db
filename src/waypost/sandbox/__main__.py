"""`python -m waypost.sandbox [DATA]`: a sandbox on the default ports until Ctrl-C."""

import sys

from waypost.cli.sandbox import app

if __name__ == "__main__":
    app(["serve", *(["--data", sys.argv[1]] if len(sys.argv) > 1 else [])])
