"""Pages of bundles as a browser reads them."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bundle_values import VIEW, report, solution

from hinterland.model.products import Product
from hinterland.publish.page import write_page
from hinterland.publish.view import View

VOID = {"meta", "img", "br", "link", "hr", "input", "base"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its links, its text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open:
            self.text.append(data.strip())

    def all(self, tag: str, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for name, attrs in self.elements if name == tag and attribute in attrs]


def page_of(folder: Path, *products: Product, view: View = VIEW, **changes: Any) -> Page:
    write_page(folder, report(solution(*products), **changes), view)
    return Page((folder / "index.html").read_text(encoding="utf-8"))
