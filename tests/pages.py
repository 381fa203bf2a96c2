"""What an HTML page could load or run."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Everything in a page that could load something or run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.handlers, self.references, self.scripts = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append((tag, name))
            if name in ("src", "href", "srcset", "action", "data"):
                self.references.append((tag, value))


def outside_references(text):
    return Page(text).references
