"""The section about one document, from what document-text found."""

from markup import escaped, plural, tiles, warnings_list

MAX_HEADINGS = 40
SHOWN_METADATA = ("author", "subject", "description", "created", "modified", "language", "keywords")


def document_headline(outputs: dict) -> str:
    found = outputs["documents"][0]
    facts = [found["title"]] if found["title"] else []
    if found["page_count"]:
        facts.append(plural(found["page_count"], "page"))
    facts.append(plural(found["word_count"], "word"))
    return ", ".join(facts)


def document_body(outputs: dict) -> str:
    found = outputs["documents"][0]
    facts = [(f"{found['word_count']:,}", "words"), (f"{len(found['outline']):,}", "headings")]
    if found["page_count"]:
        facts.insert(0, (f"{found['page_count']:,}", "pages"))
    parts = [
        f'<p class="title">{escaped(found["title"])}</p>' if found["title"] else "",
        tiles(facts),
        warnings_list(found["warnings"]),
        metadata_list(found["metadata"]),
        outline_list(found["outline"]),
        excerpt(found),
    ]
    return "\n".join(part for part in parts if part)


def metadata_list(metadata: dict[str, str]) -> str:
    items = "".join(
        f"<div><dt>{escaped(key.capitalize())}</dt><dd>{escaped(metadata[key])}</dd></div>"
        for key in SHOWN_METADATA
        if key in metadata
    )
    return f'<dl class="facts">{items}</dl>' if items else ""


def outline_list(outline: list[dict]) -> str:
    if not outline:
        return ""
    items = "".join(
        f'<li class="level-{min(heading["level"], 4)}"><span>{escaped(heading["title"])}</span>'
        + (f'<span class="aside">{heading["page"]}</span>' if heading["page"] else "")
        + "</li>"
        for heading in outline[:MAX_HEADINGS]
    )
    more = len(outline) - MAX_HEADINGS
    rest = f'<li class="level-1">… and {more:,} more</li>' if more > 0 else ""
    return f'<h3>Outline</h3>\n<ul class="outline">{items}{rest}</ul>'


def excerpt(found: dict) -> str:
    end = "…" if found["truncated"] else ""
    return (
        f"<h3>{'Beginning' if end else 'Text'}</h3>\n<blockquote>{escaped(found['text'])}{end}</blockquote>"
    )
