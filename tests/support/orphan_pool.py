"""A process whose worker says its id and begins a page without end; to be killed from outside."""

from __future__ import annotations

from support.extract_work import hanging_page, work

from archiver.extract.worker import ExtractionPool


def main() -> None:
    """Wait for the page that does not end."""
    with ExtractionPool(workers=1, timeout=600, work=work) as pool:
        list(pool.map([hanging_page()]))


if __name__ == "__main__":
    main()
