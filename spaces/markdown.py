"""Markdown as HTML in which no word of whoever wrote it becomes markup, a script, or a request.

Decision: drawn on the server, by libraries that come as packages, so that pages need none of their own. The
parser lets no HTML through and makes links of pictures, since to load a foreign one would tell a stranger who
reads; the sanitizer, which knows nothing of the parser, is there for the day on which one of them is wrong.
"""

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_COLOURED_AT_MOST = 50_000  # characters of a code block: past that its colours cost more than they help
_PLAIN = HtmlFormatter(nowrap=True, classprefix="hl-")
_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_INLINE = {"a", "br", "code", "em", "s", "span", "strong"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_CLEANER = nh3.Cleaner(
    tags=_BLOCKS | _INLINE | _TABLES,
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title"},
        "ol": {"start"},
        **{tag: {"class"} for tag in ("code", "span", "td", "th")},
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
)


def safe_html(text: str) -> str:
    """The HTML of a Markdown text: CommonMark with tables and strikethrough; code has classes `hl-…`."""
    return str(_CLEANER.clean(_parser.render(text)))


def _coloured(code: str, language: str, _attributes: str) -> str:
    """The inside of a code block; "" leaves it to the parser."""
    if not language or len(code) > _COLOURED_AT_MOST:
        return ""
    try:
        lexer = get_lexer_by_name(language.split(maxsplit=1)[0].lower())
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, _PLAIN))


def _pictures_as_links(state: StateCore) -> None:
    for block in state.tokens:
        inside: list[Token] = []
        for token in block.children or []:
            if token.type == "image":
                words = Token("text", "", 0, content=token.content or str(token.attrs["src"]))
                link = Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
                inside += [link, words, Token("link_close", "a", -1)]
            else:
                inside.append(token)
        block.children = inside if block.children is not None else None


def _alignment_by_class(state: StateCore) -> None:
    """Pages do not allow styles in attributes."""
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if style is not None:
            token.attrs["class"] = str(style).replace("text-align:", "is-")


def _made() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _coloured})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.push("pictures_as_links", _pictures_as_links)
    parser.core.ruler.push("alignment_by_class", _alignment_by_class)
    return parser


_parser = _made()
