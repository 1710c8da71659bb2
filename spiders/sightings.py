"""What a request says of itself where it is for a known article."""

from __future__ import annotations

AGAIN = "archiver_again"
"""Of a request for a known article: the page as it was asked for, before any redirect."""
