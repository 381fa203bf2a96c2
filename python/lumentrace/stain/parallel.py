"""Batches, under the documented name of their module."""

from __future__ import annotations

from lumentrace.stain.stages.batch import build_task_list, run_batch, run_batch_subprocess

run_subprocess = run_batch_subprocess

__all__ = ["build_task_list", "run_batch", "run_batch_subprocess", "run_subprocess"]
