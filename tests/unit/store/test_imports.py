from __future__ import annotations

import subprocess
import sys


def test_postgresqls_dialect_is_imported_by_who_uses_it() -> None:
    """It takes a tenth of the time in which replay begins."""
    program = (
        "import sys, archiver.replay.server; sys.exit(sum('postgresql' in m for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
