"""Tolerances that reach the same objective, then repetitions in turns."""

import gc
import math
import multiprocessing
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.core import OURS, TARGET, Case, Contender, Line
from benchmarks.worker import PATIENCE, work

NOT_REACHED = "not reached"


@dataclass
class Options:
    """How to measure.

    The pause before each timed call lets OpenMP's threads of the last contender go to sleep: they
    spin for 0.2 s.
    """

    repeats: int = 5
    pause: float = 0.25
    cap: float = 60.0
    floor: float = TARGET
    say: Callable[[str], None] = lambda message: print(message, flush=True)


def run_case(make_case: Callable[[], Case], options: Options) -> dict:
    """All lines of a case, and the verdicts on its targets."""
    case = make_case()
    lines = {contender.name: Line(contender.name) for contender in case.contenders}
    for contender in case.contenders:
        if not contender.is_installed:
            lines[contender.name].status = f"{contender.package} is not installed"
    present = [c for c in case.contenders if not lines[c.name].status]
    if case.judged == "memory":
        for contender in present:
            try_out(make_case, [contender], lines, {}, options)
            weigh(lines[contender.name])
    else:
        best = {}
        if case.judged == "objective":
            best = calibrate(make_case, present, lines, options)
        timed = [c for c in present if lines[c.name].status in ("", NOT_REACHED)]
        rounds(case, timed, lines, best, options)
    listed = list(lines.values())
    verdicts = [target.judge(listed) for target in case.targets]
    return {"name": case.name, "lines": listed, "targets": verdicts, "judged": case.judged}


def calibrate(make_case, contenders: list[Contender], lines, options) -> dict[bool, float]:
    """Choose the tolerance of each contender; returns the best objective of each problem."""
    best = {False: math.inf, True: math.inf}
    # ours first: at their tightest tolerance they set the reference
    queue = sorted(contenders, key=lambda contender: not contender.is_ours)
    while queue:
        try_out(make_case, queue, lines, best, options)
        queue = [c for c in contenders if gave_up_early(c, lines[c.name], best[c.scaler])]
    for contender in contenders:
        settle(lines[contender.name], best[contender.scaler])
    return best


def gave_up_early(contender: Contender, line: Line, best: float) -> bool:
    """Whether it was content with a value that others have since shown not to be the optimum."""
    has_more = not line.status and len(line.path) < len(contender.tolerances)
    return has_more and line.path[-1]["value"] - best > TARGET * best


def try_out(make_case, contenders, lines, best, options):
    """Let a worker try the contenders; go on with the rest when one hangs or crashes."""
    waiting = {contender.name: contender for contender in contenders}
    for name in waiting:
        lines[name].path, lines[name].status, lines[name].at_least = [], "", None
    context = multiprocessing.get_context("spawn")
    while waiting:
        receiver, sender = context.Pipe(duplex=False)
        arguments = (sender, make_case, list(waiting), dict(best), options.floor, options.cap)
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        sender.close()
        # making the data may take as long as it likes
        limit = None
        try:
            while waiting:
                if not receiver.poll(limit):
                    raise TimeoutError
                what, content = receiver.recv()
                name = next(iter(waiting))
                is_known = best.get(waiting[name].scaler) != math.inf
                limit = options.cap
                # next come the warm-up, which may compile, or the reference
                if what in ("ready", "end") or (what == "warm" and not is_known):
                    limit *= PATIENCE
                listen(what, content, waiting[name], lines[name], best)
                if what == "end":
                    options.say(f"    {name}: {len(lines[name].path)} fits {lines[name].status}")
                    waiting.pop(name)
        except (TimeoutError, EOFError) as error:
            if limit is None:
                raise RuntimeError("The worker could not make its data.") from error
            line = lines[next(iter(waiting))]
            line.status = f"over {limit:g} s" if isinstance(error, TimeoutError) else "crashed"
            if limit == options.cap and isinstance(error, TimeoutError):
                line.at_least = options.cap
            options.say(f"    {line.name}: {line.status}")
            waiting.pop(line.name)
        finally:
            process.kill()
            process.join()


def listen(what, content, contender, line, best):
    """Note what the worker says of a contender."""
    key = contender.scaler
    if what == "attempt":
        line.path.append(content)
        if "value" in content:
            best[key] = min(best[key], content["value"])
    elif what == "reference":
        best[key] = content
    elif what == "failed":
        line.status = content


def settle(line: Line, best: float):
    """Judge the path of a contender: the first fit that reached, or else the best one."""
    if not line.path:
        return
    for step in line.path:
        step["suboptimality"] = (step["value"] - best) / best
    reached = [step for step in line.path if step["suboptimality"] <= TARGET]
    chosen = reached[0] if reached else min(line.path, key=lambda step: step["value"])
    line.suboptimality = chosen["suboptimality"]
    line.passes, line.memory = chosen["passes"], chosen["memory"]
    line.tolerance = chosen["tolerance"]
    if reached:
        line.status, line.at_least = "", None
    elif not line.at_least:
        line.status = line.status or NOT_REACHED
        line.at_least = line.path[-1]["seconds"]


def rounds(case: Case, contenders, lines, best, options):
    """Time the contenders in turns, so that all see the same machine; ratios are per round."""
    data = case.data()
    fits = {c.name: c.make(data, lines[c.name].tolerance) for c in contenders}
    names, repeats = list(fits), max(case.repeats, options.repeats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for fit in fits.values():
            # compiles, imports and starts threads
            fit()
        outcomes = {}
        for turn in range(repeats):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                outcomes[name] = None
                gc.collect()
                time.sleep(options.pause)
                began = time.perf_counter()
                outcomes[name] = fits[name]()
                lines[name].seconds.append(time.perf_counter() - began)
            options.say(f"    round {turn + 1} of {repeats}")
    for contender in contenders:
        line, outcome = lines[contender.name], outcomes[contender.name]
        if outcome is not None:
            line.notes = outcome.notes
            line.passes = outcome.passes
        if best:
            value = contender.problem(data).objective(outcome.coef, outcome.intercept)
            line.suboptimality = value / best[contender.scaler] - 1
            if line.reached and line.suboptimality > TARGET:
                line.status, line.at_least = NOT_REACHED, line.seconds[-1]
    compare(list(lines.values()))


def compare(lines: list[Line]):
    """Times of peers over ours, round by round; what did not reach the target has a bound."""
    ours = next((line for line in lines if line.name == OURS and line.seconds), None)
    for line in lines:
        if ours is None or line is ours:
            continue
        if line.seconds:
            line.ratios = [own / mine for own, mine in zip(line.seconds, ours.seconds, strict=True)]
        if line.at_least is not None:
            bound = line.at_least / median(ours.seconds)
            line.at_least = median(line.ratios) if line.ratios else bound


def weigh(line: Line):
    """Keep what a fit in a process of its own took."""
    for step in line.path:
        line.seconds, line.passes = [step["seconds"]], step["passes"]
        line.memory, line.memory_share = step["memory"], step["share"]
