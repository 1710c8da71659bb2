"""What an archive on many machines stands on, part by part; without a part named: all of them.

    python benchmarks/fleet.py [--catalogue] [--captures N] [--batch] [--due] [--outlets N]
        [--polite] [--work] [--rounds N] [--dir FOLDER] [--quick]

Each part writes a section of its own of benchmarks/results.md, and needs what it says in its
module: benchmarks/support/fleet_*.py.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from support import machine
from support.results import RESULTS, put_section, table

# Each stands in benchmarks/support/fleet_<name>.py as `measure(options, folder)`, which gives the
# text of its section; `add_options(parser)` beside it, where the part has options of its own.
PARTS = {
    "catalogue": "The catalogue on PostgreSQL",
    "batch": "Work over many WARC files",
    "due": "Very many outlets due in a fleet",
    "polite": "A fleet's politeness",
    "work": "A fleet's recovery, and faults",
}


def main() -> None:
    """Measure the parts that are asked for, print, write results.md."""
    options = _options()
    wanted = [name for name in PARTS if getattr(options, name)] or list(PARTS)
    arguments = machine.without_places(sys.argv[1:])
    command = shlex.join(["python", "benchmarks/fleet.py", *arguments])
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="archiver-bench-", dir=options.dir) as folder:
            facts = machine.facts(command=command, folder=Path(folder), peers={})
            head = table(("what", "value"), facts)
            text = import_module(f"support.fleet_{name}").measure(options, Path(folder))
        print(text, flush=True)
        put_section(f"fleet-{name}", PARTS[name], f"{head}\n{text}", path=options.output)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, title in PARTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=f"only this part: {title}")
        add = getattr(import_module(f"support.fleet_{name}"), "add_options", None)
        if add is not None:
            add(parser.add_argument_group(name))
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all?")
    parser.add_argument("--dir", type=Path, help="where archives and databases are made")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
