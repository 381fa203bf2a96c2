"""Two pictures under a slider: whole, escaped, and without anything from elsewhere."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from lumentrace.plots.report import Report


def test_both_pictures_are_in_the_report() -> None:
    one = np.arange(48, dtype=np.uint8).reshape(6, 8)
    other = np.stack([one, one + 1, one + 2], axis=-1)
    report = Report("A sample")
    report.swipe(("before <b>", one), ("after", other), "Before & after", "Same place.")
    text = report.html(embed_plotly=False)
    assert "before &lt;b&gt;" in text
    assert "Before &amp; after" in text
    assert "<b>" not in text
    sources = re.findall(r'<img src="data:image/png;base64,(.*?)" alt="(.*?)"', text)
    assert [name for _, name in sources] == ["after", "before &lt;b&gt;"]
    for (source, _), wanted in zip(sources, (other, one), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(source)))), wanted)
    slider = re.search(r"<input .*?>", text)
    assert slider is not None
    assert 'type="range"' in slider[0]
    assert "--at" in text
    assert "://" not in text
