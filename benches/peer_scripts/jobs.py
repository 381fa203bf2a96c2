"""The part of both sides that takes jobs from standard input: a line of JSON each, answered by a line of JSON.

A job has `who` tracks, `lines` (a file), the number of `tracers`, a `limit` in seconds of CPU time and where to save
what is `found`. The answer has the `columns` of that table and the CPU `seconds`, or an `error`. A job that takes
longer than its limit ends the process.
"""

import json
import signal
import sys
import time

import numpy as np


def serve(trackers: dict) -> None:
    """Answer until the input ends; trackers take lines and a number of tracers and return a table of points."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        job = json.loads(line)
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, job["limit"])
        try:
            points = trackers[job["who"]](np.load(job["lines"]), job["tracers"])
            answer = {"columns": list(points.columns)}
            np.save(job["found"], points.points)
        except Exception as error:  # of either side: it is told in the table
            answer = {"error": f"{type(error).__name__}: {error}"}
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer | {"seconds": time.process_time() - started}), file=answers, flush=True)
