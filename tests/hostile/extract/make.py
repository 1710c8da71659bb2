"""Write the binary pages of this folder; run it after a change and commit what it wrote."""

from pathlib import Path

HERE = Path(__file__).parent
TEXT = (
    "<p>Der Bürgermeister sagte, die Straße über den Fluß werde früher fertig als geplant.</p>" * 4
)


def page(head: str = "", body: str = TEXT) -> str:
    return f"<html lang=de><head>{head}<title>Über</title></head><body><article><h1>Über</h1>{body}"


def main() -> None:
    files = {
        "says-latin-1-is-utf-8.html": page('<meta charset="iso-8859-1">').encode(),
        "says-utf-8-is-cp1252.html": page('<meta charset="utf-8">').encode("cp1252"),
        "says-nothing-is-cp1252.html": page().encode("cp1252"),
        "says-unknown-charset.html": page('<meta charset="klingon">').encode(),
        "says-punycode.html": page('<meta charset="punycode">').encode("cp1252"),
        "says-utf-7.html": page('<meta charset="utf-7">').encode(),
        "utf-16-with-mark.html": page().encode("utf-16"),
        "utf-8-with-mark.html": page('<meta charset="iso-8859-1">').encode("utf-8-sig"),
        "cut-in-a-character.html": page().encode()[: page().encode().rindex("ü".encode()) + 1],
        "one-bad-byte.html": page().encode().replace(b"fertig", b"fertig\xff", 1),
        "nul-bytes.html": page().encode().replace(b"Fl", b"F\x00l").replace(b"<p>", b"<p>\x00\x07"),
        "lone-surrogates.html": page(
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"\\ud83d Über",'
            '"author":"A \\udc00 B","description":"\\ud800"}</script>',
            TEXT + "<p>&#xD800;&#55296;&#x110000;&#0; Ende der Meldung aus dem Tal.</p>",
        ).encode()
        + b"\xed\xa0\x80",
        "empty.html": b"",
        "only-space.html": b" \r\n\t\n ",
        "only-a-comment.html": b"<!-- nothing here -->",
        "only-head.html": b"<html><head><title>Titel</title></head></html>",
        "picture.html": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
        "pdf.html": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Title(<p>)>>endobj\n",
        "zeros.html": bytes(4096),
        "json.html": b'{"title": "no page", "body": "none"}',
        "plain.html": b"Just a line of text, and no markup at all in it, whatever its name says.",
        "deep.html": b"<html><body><article>" + b"<div>" * 5000 + TEXT.encode(),
        "unclosed.html": page().replace("</p>", "").encode() + b"<p <a href='<b><!--<script>",
        "json-ld-broken.html": page(
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"a</script>'
            '<script type="application/ld+json">[[[[{"@graph":{"@graph":[1,null,"x"]}}]]]]</script>'
            '<script type="application/ld+json">{"@type":5,"author":{"name":{"name":[{}]}},'
            '"image":[[["x"]]],"datePublished":{"@value":7},"@id":["a"]}</script>'
        ).encode(),
        "json-ld-deep.html": page(
            f'<script type="application/ld+json">{"[" * 20000}{"]" * 20000}</script>'
        ).encode(),
        "json-ld-circle.html": page(
            '<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle","@id":"#a",'
            '"headline":"Über","author":{"@id":"#a"},"publisher":{"@id":"#a"},'
            '"mainEntityOfPage":{"@id":"#a"}}]}</script>'
        ).encode(),
        "bad-urls.html": page(
            '<base href="http://[::1"><link rel=canonical href="http://a:b:c/">'
            '<meta property="og:image" content="http://[bad/x.jpg">'
            '<script type="application/ld+json">{"@type":"NewsArticle","image":"//:0","url":"http://["}'
            "</script>",
            TEXT + '<figure><img src="http://[x"><figcaption>Foto: ]</figcaption></figure>'
            '<a href="http://[::1]:99999/">Source link</a><iframe src="http://[y"></iframe>',
        ).encode(),
        "bad-dates.html": page(
            '<meta property="article:published_time" content="2026-13-45T99:99:99+99:99">'
            '<meta name="date" content="yesterday"><meta name="pubdate" content="0001-01-01">'
            '<meta name="lastmod" content="99999999999999">'
            '<meta name="dc.date" content="2999-01-01">'
        ).encode(),
    }
    for name, body in files.items():
        (HERE / name).write_bytes(body)


if __name__ == "__main__":
    main()
