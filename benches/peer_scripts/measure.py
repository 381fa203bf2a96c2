"""The stopwatch of both sides."""

import json
import time


def best(jobs: dict, repeat: int) -> None:
    """Print the shortest time of each job as JSON."""
    seconds = {}
    for name, job in jobs.items():
        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            job()
            times.append(time.perf_counter() - start)
        seconds[name] = min(times)
    print(json.dumps(seconds))
