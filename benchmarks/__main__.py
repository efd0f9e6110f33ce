"""``python -m benchmarks``: all workloads of a suite, or those named."""

import argparse
import os
import time
from functools import partial

from benchmarks import measure, profile, report
from benchmarks.core import case_of
from benchmarks.machine import describe, limited, unsaveable
from benchmarks.workloads import NAMES, SUITES, load, names

# Plots show more than the target.
FLOOR_OF_PLOTS = 1e-10
QUICK_CAP = 20.0
CAPS = {"synthetic": measure.Options.cap, "real": 20.0}


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
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    parser.add_argument("--list", action="store_true", help="name the workloads and end")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of them, or patterns: a9a*")
    parser.add_argument("--quick", action="store_true", help="small data: a check, no measurement")
    parser.add_argument(
        "--size", nargs="+", default=[], metavar="KEY=NUMBER", help="other sizes, as in rows=2000"
    )
    parser.add_argument("--save", action="store_true", help=f"write into {report.RESULTS.name}/")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, at least")
    parser.add_argument("--cap", type=float, help=f"seconds that one fit may take ({CAPS})")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[None], help="of BLAS and OpenMP; 1 2: one by one"
    )
    found = parser.parse_args(argv)
    try:
        found.names = names(found.suite, found.only)
    except ValueError as error:
        parser.error(str(error))
    if found.save and (reason := refusal(found)):
        parser.error(f"Results are not saved: {reason}.")
    return found


def refusal(found) -> str | None:
    """Why what is asked for must not be saved."""
    if found.suite == "real" and (found.only or found.quick or found.size):
        return "those of real data are of the whole suite, without --only, --quick and --size"
    if found.suite != "real" and len(found.threads) > 1:
        return "those of synthetic data have one number of threads"
    return unsaveable()


def how_to_measure(found, threads) -> measure.Options:
    """The options of a run."""
    is_real = found.suite == "real"
    quick = QUICK_CAP if found.quick else CAPS[found.suite]
    return measure.Options(
        repeats=found.repeats,
        # a single thread has no others that spin
        pause=0.0 if found.quick or threads == 1 else measure.Options.pause,
        cap=found.cap or quick,
        patience=3 if is_real else measure.Options.patience,
        floor=FLOOR_OF_PLOTS if found.save and not is_real else measure.Options.floor,
        hurry=is_real,
    )


def measure_all(found, threads) -> list[dict]:
    """One run: all workloads with one number of threads."""
    options = how_to_measure(found, threads)
    changes = {key: int(value) for key, value in (pair.split("=") for pair in found.size)}
    # before the peers have loaded BLAS libraries of their own
    machine = describe() | {"threads": threads or os.cpu_count()}
    records = []
    for workload in map(load, found.names):
        size = workload.sizes["quick" if found.quick else "full"]
        size = size | {key: value for key, value in changes.items() if key in size}
        print(f"{workload.name}: {workload.description}", flush=True)
        began = time.perf_counter()
        cases = run(workload, size, options)
        records.append(report.as_record(workload, size, cases, machine))
        print(f"  {time.perf_counter() - began:.0f} s\n\n{report.table(records[-1])}\n", flush=True)
        if found.save and found.suite == "synthetic":
            report.save(records[-1:], NAMES)
    return records


def main(argv=None):
    """Run, print, and save if asked to."""
    found = arguments(argv)
    if found.list:
        width = max(map(len, found.names))
        for workload in map(load, found.names):
            print(f"{workload.name:{width}} {workload.description}")
        return
    runs = []
    for threads in found.threads:
        with limited(threads):
            runs.append(measure_all(found, threads))
        if found.suite == "synthetic":
            print(report.summary(runs[-1]))
        else:
            print(profile.summary(runs[-1]), flush=True)
    if found.save and found.suite == "real":
        profile.save(runs)


if __name__ == "__main__":
    main()
