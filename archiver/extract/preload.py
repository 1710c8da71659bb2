"""What the fork server of the extraction pool loads once, for all workers to share.

The modules alone take a second, the language model half of one; a worker that is forked
afterwards starts in milliseconds and shares their memory.
"""

from __future__ import annotations

import archiver.extract.article  # noqa: F401 - imported for what importing it loads
from archiver.extract.language import detect_language

detect_language("These words are here to have the model loaded before any worker starts.")
