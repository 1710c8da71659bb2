"""Print pip constraints that hold every dependency at the lowest version that it may have."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"].values()
for requirement in (*project["dependencies"], *(one for extra in extras for one in extra)):
    name, bound = re.fullmatch(
        r"([\w.-]+)(?:\[.*\])?>=([\w.]+)(?:,<[\w.]+)?(?:;.*)?", requirement
    ).groups()
    sys.stdout.write(f"{name}=={bound}\n")
