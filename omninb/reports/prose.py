"""A notebook's Markdown as safe HTML: no raw HTML, no images, no style, plain https links."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import mistune
from mistune.core import BlockState
from mistune.renderers.html import HTMLRenderer

Token = dict[str, Any]

_LOOK = "what to look for"


class _SafeRenderer(HTMLRenderer):
    """HTML in which nothing is fetched, nothing runs and no attribute holds a style."""

    def __init__(self) -> None:
        super().__init__(escape=True)
        self.register("table", lambda _, text: f'<div class="scroll"><table>{text}</table></div>\n')
        self.register("table_head", lambda _, text: f"<thead><tr>{text}</tr></thead>\n")
        self.register("table_body", lambda _, text: f"<tbody>{text}</tbody>\n")
        self.register("table_row", lambda _, text: f"<tr>{text}</tr>\n")
        self.register("table_cell", _table_cell)
        self.register("strikethrough", lambda _, text: f"<del>{text}</del>")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("#"):
            return f'<a href="#{slug(unquote(url[1:]))}">{text}</a>'
        if re.match(r"https://[\w.-]+(/|$)", url):
            return f'<a href="{mistune.escape(url)}" rel="noopener noreferrer">{text}</a>'
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f"<h{max(level, 3)}>{text}</h{max(level, 3)}>\n"


def _table_cell(_: Any, text: str, align: str | None = None, head: bool = False) -> str:
    tag = "th" if head else "td"
    return f'<{tag} class="num">{text}</{tag}>' if align == "right" else f"<{tag}>{text}</{tag}>"


_parse = mistune.create_markdown(renderer=None, plugins=["table", "strikethrough"])


def blocks(source: str) -> list[Token]:
    """The blocks of a Markdown cell, in order; headings, paragraphs, lists, tables."""
    tokens = _parse(source)
    assert isinstance(tokens, list)
    return [token for token in tokens if token["type"] != "blank_line"]


def html(tokens: list[Token]) -> str:
    """Safe HTML of some blocks."""
    return _SafeRenderer()([dict(token) for token in tokens], BlockState())


def text(token: Token) -> str:
    """The words of a block, without markup."""
    if "raw" in token:
        return str(token["raw"])
    inner = "".join(text(child) for child in token.get("children", []))
    return " " if token["type"] in {"softbreak", "linebreak"} else inner


def heading_level(token: Token) -> int:
    """1 to 6 for a heading, 0 for any other block."""
    return int(token["attrs"]["level"]) if token["type"] == "heading" else 0


def begins_look(token: Token) -> bool:
    """Whether the block opens "What to look for", as a heading or as words in bold."""
    if not text(token).strip().lower().startswith(_LOOK):
        return False
    first = (token.get("children") or [{}])[0]
    return heading_level(token) > 2 or first.get("type") == "strong"


def slug(title: str) -> str:
    """A heading's address on the page, as JupyterLab's links write it but in small letters.

    Examples
    --------
    >>> slug("What would change my mind?")
    'what-would-change-my-mind'
    """
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "section"
