"""Names for what can go wrong with a request: the words that `archiver status` counts."""

from __future__ import annotations

from scrapy import Request
from scrapy.exceptions import IgnoreRequest, NotSupported

from archiver.errors import ArchiverError, DiskFullError
from archiver.fetch.budget import REASON as HOST_BUDGET
from archiver.fetch.manners import LEFT
from archiver.fetch.redacted import REASON as REDACTED

# Not asked for by a rule, and nothing wrong: these are no problems, and no attempts.
UNTRIED = frozenset({"known", HOST_BUDGET, REDACTED})
# All by which a request was not made, or not followed.
REFUSALS = (
    UNTRIED
    | LEFT
    | {
        "robots",
        "robots-unreachable",
        "blocked-address",
        "blocked-port",
        "scheme",
        "redirects",
        "redirect-circle",
        "redirect-scheme",
    }
)


def reason_of(request: Request, error: BaseException | None) -> str:
    """One word for why a request failed: the download handler's own, where it has one."""
    word = request.meta.get("archiver_error")
    if isinstance(word, str):
        return word
    if isinstance(error, IgnoreRequest):
        return "redirects"
    if isinstance(error, NotSupported):
        return "scheme"
    if isinstance(error, DiskFullError):
        return "disk-full"
    return "archive" if isinstance(error, ArchiverError) else "error"
