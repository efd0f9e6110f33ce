"""``python -m benchmarks``: all workloads, or those named."""

import argparse
import time
from functools import partial

from benchmarks import measure, report
from benchmarks.core import case_of
from benchmarks.machine import describe
from benchmarks.workloads import NAMES, load

# Plots show more than the target.
FLOOR_OF_PLOTS = 1e-10
QUICK_CAP = 20.0


def run(workload, size: dict, options: measure.Options) -> list[dict]:
    """Measure the cases of a workload."""
    cases = []
    for index, case in enumerate(workload.cases(**size)):
        options.say(f"  {case.name}")
        cases.append(measure.run_case(partial(case_of, workload.name, size, index), options))
    return cases


def arguments(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the workloads and end")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small data: a check, no measurement")
    parser.add_argument(
        "--size", nargs="+", default=[], metavar="KEY=NUMBER", help="other sizes, as in rows=2000"
    )
    parser.add_argument("--save", action="store_true", help=f"write into {report.RESULTS.name}/")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, at least")
    parser.add_argument("--cap", type=float, help="seconds that one fit may take (60; quick: 20)")
    return parser.parse_args(argv)


def main(argv=None):
    """Run, print, and save if asked to."""
    options = arguments(argv)
    workloads = [load(name) for name in options.only]
    if options.list:
        for workload in workloads:
            print(f"{workload.name:20} {workload.description}")
        return
    how = measure.Options(
        repeats=options.repeats,
        pause=0.0 if options.quick else measure.Options.pause,
        cap=options.cap or (QUICK_CAP if options.quick else measure.Options.cap),
        floor=FLOOR_OF_PLOTS if options.save else measure.Options.floor,
    )
    changes = {key: int(value) for key, value in (pair.split("=") for pair in options.size)}
    # before the peers have loaded BLAS libraries of their own
    machine = describe()
    records = []
    for workload in workloads:
        size = workload.sizes["quick" if options.quick else "full"]
        size = size | {key: value for key, value in changes.items() if key in size}
        print(f"{workload.name}: {workload.description}", flush=True)
        began = time.perf_counter()
        cases = run(workload, size, how)
        records.append(report.as_record(workload, size, cases, machine))
        print(f"  {time.perf_counter() - began:.0f} s\n\n{report.table(records[-1])}\n", flush=True)
        if options.save:
            report.save(records[-1:], NAMES)
    print(report.summary(records))


if __name__ == "__main__":
    main()
