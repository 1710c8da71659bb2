"""A site that always has news, in a process of its own until its standard input ends."""

from __future__ import annotations

import sys

from support.faults_site import FreshSite


def main() -> None:
    """Say the port, and serve."""
    with FreshSite(fresh=int(sys.argv[1])) as site:
        sys.stdout.write(f"{site.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
