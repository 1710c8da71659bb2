"""A sheet as one HTML page that needs nothing else: for phones, print and screen readers."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from archiver.model import Evidence, Revision
from archiver.revise.align import Piece
from archiver.revise.edits import Edit, Op
from archiver.revise.sheet import Section, Sheet, summary

# Told by lines and not by colour alone; the words in .spoken are for those who hear the page.
_STYLE = """
:root { color-scheme: light dark; --in: #0a5c1f; --in-on: #d9f5df; --out: #94101a;
  --out-on: #fde2e2; --dim: #555; }
@media (prefers-color-scheme: dark) { :root { --in: #9be8ad; --in-on: #12361c; --out: #ffb3b3;
  --out-on: #471518; --dim: #bbb; } }
body { font: 1.0625rem/1.6 Georgia, serif; max-width: 42rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin-top: 2rem; }
ins { color: var(--in); background: var(--in-on); text-decoration: underline; }
del { color: var(--out); background: var(--out-on); text-decoration: line-through; }
.dim, dd { color: var(--dim); font-size: .9375rem; } dt { font-weight: bold; }
.piece { border-left: .25rem solid transparent; padding-left: .75rem; margin: .75rem 0; }
.changed, .moved { border-color: var(--dim); } .added { border-color: var(--in); }
.removed { border-color: var(--out); }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""
_NAMES = {
    "headline": "Headline",
    "standfirst": "Standfirst",
    "byline": "Byline",
    "published": "Published",
    "modified": "Modified",
    "body": "Text",
    "captions": "Captions",
}
_SAID = {Op.ADDED: ("added", "end of added"), Op.REMOVED: ("removed", "end of removed")}
_PIECE = {Op.MOVED: "This paragraph was moved. "}


def sheet_html(sheet: Sheet) -> str:
    """The whole page. Everything of the article is escaped; there is no script in it."""
    article = sheet.new.article
    title = escape(article.title or article.url)
    language = escape((article.language or "")[:35], quote=True)
    lang = f' lang="{language}"' if language else ""
    body = "\n".join(_section(section, lang) for section in sheet.sections)
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>What changed: {title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>What changed: <span{lang}>{title}</span></h1>
<p class="dim">{escape(article.url)}</p>
{_head(sheet)}
{body}
</main>
</body>
</html>
"""


def _head(sheet: Sheet) -> str:
    changes = sheet.changes
    facts = [
        f"{'+' if fact.added else chr(0x2212)} {fact.kind}: {fact.text}" for fact in changes.facts
    ]
    rows = [
        ("Changed", summary(changes) or "nothing that a reader would call a change"),
        ("Facts", "; ".join(facts)),
        ("Not said", ", ".join(changes.stealth)),
        ("Notice", changes.notice or ""),
        ("From", _source(sheet.old, changes.old)),
        ("To", _source(sheet.new, changes.new)),
        (
            "Note",
            "Two versions of the extractor made these: some of it may be its doing."
            if sheet.versions
            else "",
        ),
    ]
    items = "".join(
        f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>\n" for name, text in rows if text
    )
    return f"<dl>\n{items}</dl>"


def _source(revision: Revision, evidence: Evidence | None) -> str:
    found = evidence or Evidence.of(revision.article)
    at = found.captured_at or revision.captured_at
    place = f"; {found.file} at {found.offset}" if found.file else ""
    record = f", record {found.record_id}" if found.record_id else ""
    digest = f", payload {found.payload_digest}" if found.payload_digest else ""
    return f"revision {revision.number}, captured {at:%Y-%m-%d %H:%M:%S} UTC{place}{record}{digest}"


def _section(section: Section, lang: str) -> str:
    name = _NAMES[section.name]
    state = "" if section.changed else ' <span class="dim">(unchanged)</span>'
    pieces = "\n".join(_piece(piece, lang) for piece in section.pieces)
    return f"<section>\n<h2>{name}{state}</h2>\n{pieces}\n</section>"


def _piece(piece: Piece, lang: str) -> str:
    said = _PIECE.get(piece.op, "")
    spoken = f'<span class="dim">{said}</span>' if said else ""
    return f'<p class="piece {piece.op}"{lang}>{spoken}{"".join(_edits(piece.edits))}</p>'


def _edits(edits: tuple[Edit, ...]) -> Iterator[str]:
    for edit in edits:
        text = escape(edit.old if edit.op is Op.REMOVED else edit.new).replace("\n", "<br>\n")
        if edit.op is Op.SAME:
            yield text
            continue
        tag = "del" if edit.op is Op.REMOVED else "ins"
        begin, end = _SAID[edit.op]
        yield (
            f'<{tag}><span class="spoken" lang="en"> [{begin}: </span>{text}'
            f'<span class="spoken" lang="en"> {end}] </span></{tag}>'
        )
