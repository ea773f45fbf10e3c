"""Serves what the pipeline published: `python -m profile_api.serve`. Ctrl-C ends all that it started.

The application is loaded in the process that workers are forked from, while this one opens the stores.
"""

import argparse

from profile_api.http.forking import load_once, shared_metrics


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m profile_api.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    arguments = parser.parse_args()
    with shared_metrics():
        load_once()
        from profile_api.serving import serve

        serve(arguments.host, arguments.port, max(1, arguments.workers))


if __name__ == "__main__":
    main()
