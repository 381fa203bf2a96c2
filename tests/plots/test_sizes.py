"""Reports of simulated runs are small enough for a mail."""

from __future__ import annotations

from reported import write_reports


def test_simulated_reports_are_small(tmp_path):
    sizes = {name: path.stat().st_size for name, path in write_reports(tmp_path).items()}
    assert max(sizes.values()) < 2_000_000, sizes
