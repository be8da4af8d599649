"""`make bench`: ours against a peer, both in this run; the result is docs/performance.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import capture
import gradients
import lint
import painted
import stopped
import timeline
import torch
from rows import Row

import rules

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

TEXT = """\
# Performance

Written by `make bench` on {date}: Python {python}, torch {torch}, debugpy {debugpy}, {cores} cores.
Each line compares ours with a peer measured in the same run; figures are medians, and machines differ.

| what | ours | peer | ours ÷ peer | target | met |
| --- | --- | --- | --- | --- | --- |
{rows}

- *A small evaluate*: debugpy's answers wait for a delayed acknowledgement.
  The probe's first act is to set TCP_NODELAY, which makes the user's whole debugger as fast.
- *Pulled* is one stack trace and one evaluate after `stopped`, in our own client.
  Relayed through a busy editor it is slower still.
- *Steps with all rules on* are timed on one thread, plain, with taps and rules, and in anomaly mode, by turns.
  Ratios and differences are medians of neighbouring turns'. The MLP may take 30 µs and 1.5 µs a parameter more.
- Where these targets are missed: our Python takes so long a step whatever the kernels take.
  It is spread thinly over the calls' sites, the held gradients, the marks on the graph's roots and the rules.
- *`lint`* is timed as whole processes.
  The others' environment is named by `TAPELENS_BENCH_LINTERS`; without one there is no row.
- *Growth of memory* is what the process has in RAM after the steps more than before, once it is warm.
- *Edge gradients* are read in the one backward that follows a stop, and cost about 25 µs an edge beside the kernels.
  A backward whose own kernels take 4 µs each shows that; none after it is slower.
- *Structure* is names, sequence numbers, keys and edges. Each round reads a graph that nobody has looked at before.
  What a stop does beyond that, for values, names and the forecast, has time budgets of its own.
- *The timeline* takes 0.2 to 0.4 ms of this step's 109 calls of modules, 125 lines and 542 nodes.
  Each of those costs a few hundred nanoseconds, whatever its kernels cost: a step as short as this one shows it.
"""


def main() -> None:
    rows: list[Row] = []
    for name, measure in (
        ("stops", stopped.measure),
        ("pictures", painted.measure),
        ("rules", rules.measure),
        ("linters", lint.measure),
        ("gradients", gradients.measure),
        ("captures", capture.measure),
        ("timelines", timeline.measure),
    ):
        if sys.stderr.isatty():
            print(f"measuring {name} ...", file=sys.stderr)
        rows += measure()
    lines = "\n".join(
        f"| {row.what} | {row.ours} | {row.peer} | {row.ratio:.3g} | {row.target} | {'yes' if row.met else 'no'} |"
        for row in rows
    )
    text = TEXT.format(
        date=dt.datetime.now(tz=dt.timezone.utc).date(),
        python=platform.python_version(),
        torch=torch.__version__,
        debugpy=version("debugpy"),
        cores=os.cpu_count(),
        rows=lines,
    )
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
