"""Whole processes, timed in turn, so that a machine's moods fall on all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Timer

ROOT = Path(__file__).parent.parent
# A program that has drawn nothing by then never will: an error may stand on its window.
PATIENCE_S = 180.0


@dataclass
class Runs:
    """What the operating system says of each finished run of one command."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    reported: list[float] = field(default_factory=list)

    def median(self, name: str) -> float:
        """Median of `wall_s`, `cpu_s`, `peak_mib` or `reported`."""
        return statistics.median(getattr(self, name))


def interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int, environment: Mapping[str, str]
) -> dict[str, Runs]:
    """Run each command once unmeasured, then in turn, `rounds` times, each round in another order.

    A command that prints a number on its last line has it kept in `reported`.

    Raises:
        RuntimeError: a command fails, or takes minutes; with what it printed.
    """
    runs = {name: Runs() for name in commands}
    for round_ in range(rounds + 1):
        # Who runs after a large program finds the processor's caches full of its libraries: that
        # must not always be the same one.
        for name in Random(round_).sample(list(commands), len(commands)):
            one = _run(commands[name], environment)
            if round_ > 0:
                runs[name].wall_s.append(one[0])
                runs[name].cpu_s.append(one[1])
                runs[name].peak_mib.append(one[2])
                if one[3] is not None:
                    runs[name].reported.append(one[3])
    return runs


def _run(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[float, float, float, float | None]:
    # Warm caches are Python's too: what is installed is compiled.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**inherited, **environment, "BENCHMARK_START": repr(time.monotonic())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    impatient = Timer(PATIENCE_S, process.kill)
    impatient.start()
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    impatient.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    last = output.strip().splitlines()[-1:] or [""]
    try:
        reported: float | None = float(last[0])
    except ValueError:
        reported = None
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, reported
