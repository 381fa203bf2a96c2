"""What an HTML page could load or run, and what reports say."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from html.parser import HTMLParser

import numpy as np


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
            if name in ("src", "href", "srcset", "action", "data") and not value.startswith("#"):
                self.references.append((tag, value))


VOID = {"br", "hr", "img", "meta", "input"}


class _Nesting(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def balanced(text):
    """Tags that are closed in the wrong place, or never."""
    nesting = _Nesting()
    nesting.feed(text)
    nesting.close()
    return nesting.wrong + nesting.open


def outside_references(text):
    return Page(text).references


def plain_text(markup):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup)).replace("\u202f", " ")).strip()


def report_text(path):
    """The readable text of a report, with ordinary spaces."""
    return plain_text(re.sub(r"<script.*?</script>|<style>.*?</style>", "", path.read_text(), flags=re.S))


def key_figures(path):
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", path.read_text(), flags=re.S)
    return {plain_text(name): plain_text(value) for name, value in pairs}


def unpacked(text, name):
    """What a report packs into the script element of this id: seven bits in each character, deflated."""
    packed = re.search(rf'id="{name}">(.*?)</script>', text, flags=re.S)[1]
    bits = np.unpackbits(np.array([ord(each) & 127 for each in packed], np.uint8)[:, None], axis=1)[:, 1:].ravel()
    return zlib.decompress(np.packbits(bits[: len(bits) // 8 * 8]).tobytes()).decode()


def report_data(text):
    """Figures, arrays and templates of a report."""
    return json.loads(unpacked(text, "report-data"))


def report_figures(path):
    """The figures of a report by title, with their arrays unpacked."""
    text = path.read_text()
    data = report_data(text)

    def unpack(node):
        if isinstance(node, list):
            return [unpack(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$array" in node:
            node = data["arrays"][node["$array"]]
        if "bdata" in node:
            return np.frombuffer(base64.b64decode(node["bdata"]), node["dtype"])
        return {key: unpack(value) for key, value in node.items()}

    titles = re.findall(r"<figure.*?<h3>(.*?)</h3>", text)
    return dict(zip(map(html.unescape, titles), [unpack(figure) for figure in data["figures"]], strict=True))
