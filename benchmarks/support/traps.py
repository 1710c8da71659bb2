"""A site of more than a million addresses, none of which is worth much."""

from __future__ import annotations

from support.small_site import Answer, SmallSite, html, xml

_LINKS = 40  # on each page
_SITEMAPS = 30  # in each index
_PAGES = 1000  # in each sitemap


def trap_seed(host: str) -> str:
    """The seed of the site."""
    return (
        f'id = "trap"\nname = "Trap"\nhomepage = "http://{host}/"\n'
        f'sections = ["http://{host}/list"]\nsitemaps = ["http://{host}/maps/0.xml"]\n'
        "[fetch]\ndelay = 0\nconcurrency = 8\n"
    )


class TrapSite(SmallSite):
    """Makes its pages as they are asked for; every address has an answer."""

    def __init__(self) -> None:
        super().__init__({})

    def answer(self, path: str) -> Answer:
        """A list, a sitemap, an index, or a page with links to further ones."""
        if path == "/robots.txt":
            return Answer(body=b"User-agent: *\n", kind="text/plain")
        if path.startswith("/maps/"):
            return self._map(path)
        number = int("".join(char for char in path if char.isdigit())[-9:] or "0")
        return self._list(number)

    def _map(self, path: str) -> Answer:
        depth = path.count("/") - 1
        stem = path.removesuffix(".xml")
        if depth < 2:
            names = (f"{stem}/{number}.xml" for number in range(_SITEMAPS))
            children = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)
            return xml(f"<sitemapindex>{children}</sitemapindex>")
        key = stem.replace("/", "")
        pages = "".join(
            f"<url><loc>/facets/colour-{key}/size-{number}/a-thing-of-many-sides</loc></url>"
            for number in range(_PAGES)
        )
        return xml(f"<urlset>{pages}</urlset>")

    def _list(self, number: int) -> Answer:
        links = []
        for place in range(_LINKS):
            key = number * _LINKS + place + 1
            day = f"{1900 + key % 200}/{key % 12 + 1:02}/{key % 28 + 1:02}"
            address = (
                f"/calendar/{day}/what-is-on-that-day-{key:07}",
                f"/shop/sort-{key % 7}/colour-{key % 11}/a-thing-of-many-sides-{key:07}",
                f"/a/b/a/b/a/b/a-path-that-goes-on-{key:07}",
                f"/story-of-the-visitor-{key:07}?sid={key:032x}",
            )[place % 4]
            links.append(f"<h2><a href='{address}'>A page that leads to further pages</a></h2>")
        further = f"<a href='/list?page={number + 1 if number else 2}'>Next</a>"
        words = "<p>There is nothing to be read here, and it goes on like this for ever.</p>" * 4
        return html(
            f"<html lang=en><head><title>Page {number}</title></head><body><article>"
            f"<h1>Page {number}</h1>{words}</article>{''.join(links)}{further}</body></html>"
        )
