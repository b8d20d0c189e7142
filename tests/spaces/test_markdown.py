"""Markdown is drawn as HTML in which nobody's words become markup, scripts or requests."""

import pytest

from spaces.markdown import safe_html


def test_text_tables_and_code_are_drawn():
    drawn = safe_html("# Sales\n\n| a | b |\n|:-:|--:|\n| 1 | ~~2~~ |\n\n```python\ndef f(): ...\n```\n")

    assert "<h1>Sales</h1>" in drawn
    assert '<th class="is-center">a</th>' in drawn
    assert '<td class="is-right"><s>2</s></td>' in drawn
    assert '<span class="hl-k">def</span>' in drawn


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[a](javascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        '![x" onerror="alert(1)](https://evil.example/p.png)',
        '```"><img src=x onerror=alert(1)>\nx\n```',
        "<https://ok.example/<script>alert(1)</script>>",
        "<style>body{display:none}</style>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "[a]: javascript:alert(1)\n\n[a]",
        "<svg/onload=alert(1)>",
        '<a href="/admin/logout">x</a>',
    ],
)
def test_no_markup_of_whoever_wrote_it_is_left(text: str):
    drawn = safe_html(text).lower()

    tags = {piece.split(">")[0].split()[0].strip("/") for piece in drawn.split("<")[1:]}
    assert tags <= {"p", "a", "pre", "code"}
    for tag in (piece.split(">")[0] for piece in drawn.split("<")[1:]):
        assert " on" not in tag
        assert "href=" not in tag or 'href="https://' in tag


def test_a_picture_is_a_link_so_that_nobody_is_told_who_reads():
    drawn = safe_html("![A chart](https://elsewhere.example/p.png)")

    assert "<img" not in drawn
    assert '<a href="https://elsewhere.example/p.png"' in drawn
    assert ">A chart</a>" in drawn


def test_links_open_elsewhere_and_tell_nothing():
    drawn = safe_html("[a](https://elsewhere.example)")

    assert 'target="_blank"' in drawn
    assert 'rel="noopener noreferrer nofollow"' in drawn


def test_links_into_our_own_pages_lead_nowhere():
    assert "href" not in safe_html("[sign out](/sign-out) [desk](../admin/)")
