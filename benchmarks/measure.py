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
from benchmarks.worker import Limit, work

NOT_REACHED, POSTPONED = "not reached", "postponed"
# In a hurry, a contender so many times slower than the fastest is timed once, and one fit may take
# no more than so many times as long as the fastest.
ONCE, LOST = 10.0, 50.0


@dataclass
class Options:
    """How to measure.

    The pause before each timed call lets OpenMP's threads of the last contender go to sleep: they
    spin for 0.2 s. The warm-up, and the fit whose objective becomes the reference, may take
    ``patience`` times as long as others. In a ``hurry``, who is far behind, or not there at all, is
    not timed again.
    """

    repeats: int = 5
    pause: float = 0.25
    cap: float = 60.0
    patience: int = 10
    floor: float = TARGET
    hurry: bool = False
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
            try_out(make_case, [contender], lines, {}, options, Limit(options.cap))
            weigh(lines[contender.name])
    else:
        best = {}
        if case.judged == "objective":
            best = calibrate(make_case, present, lines, options)
        timed = [c for c in present if lines[c.name].status in ("", NOT_REACHED)]
        if options.hurry:
            timed = leaders(timed, lines)
        rounds(case, timed, lines, best, options)
    listed = list(lines.values())
    verdicts = [target.judge(listed) for target in case.targets]
    return {"name": case.name, "lines": listed, "targets": verdicts, "judged": case.judged}


def leaders(contenders: list[Contender], lines) -> list[Contender]:
    """Ours, and who is not far behind the fastest; the others keep the time of the one fit."""
    taken = {c.name: step["seconds"] for c in contenders if (step := chosen(lines[c.name]))}
    limit = ONCE * min(taken.values(), default=math.inf)
    for name, seconds in taken.items():
        if seconds > limit and name != OURS:
            lines[name].seconds, lines[name].notes = [seconds], {"runs": 1}
    return [c for c in contenders if c.name in taken and not lines[c.name].seconds]


def chosen(line: Line) -> dict | None:
    """The fit of the path that reached the target, at the tolerance it will be timed at."""
    return next((s for s in line.path if s["suboptimality"] <= TARGET), None)


def calibrate(make_case, contenders: list[Contender], lines, options) -> dict[bool, float]:
    """Choose the tolerance of each contender; returns the best objective of each problem."""
    best = {False: math.inf, True: math.inf}
    limit = Limit(options.cap, LOST if options.hurry else math.inf)
    # ours first: at their tightest tolerance they set the reference
    queue = sorted(contenders, key=lambda contender: not contender.is_ours)
    while queue:
        try_out(make_case, queue, lines, best, options, limit)
        queue = [c for c in contenders if gave_up_early(c, lines[c.name], best[c.scaler])]
    for contender in contenders:
        settle(lines[contender.name], best[contender.scaler])
    return best


def gave_up_early(contender: Contender, line: Line, best: float) -> bool:
    """Whether it was content with a value that others have since shown not to be the optimum."""
    has_more = not line.status and len(line.path) < len(contender.tolerances)
    return has_more and line.path[-1]["value"] - best > TARGET * best


def try_out(make_case, contenders, lines, best, options, limit):
    """Let a worker try the contenders; go on with the rest when one hangs or crashes."""
    waiting = {contender.name: contender for contender in contenders}
    for name in waiting:
        lines[name].path, lines[name].status, lines[name].at_least = [], "", None
    context = multiprocessing.get_context("spawn")
    while waiting:
        receiver, sender = context.Pipe(duplex=False)
        arguments = (sender, make_case, list(waiting), dict(best), options.floor, limit)
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        sender.close()
        try:
            follow(receiver, waiting, lines, best, options, limit)
        finally:
            process.kill()
            process.join()


def follow(receiver, waiting, lines, best, options, limit):
    """Note what a worker says, until all are done or one of them stops it."""
    # making the data may take as long as it likes
    seconds, doing = None, "data"
    while waiting:
        contender = next(iter(waiting.values()))
        line, key = lines[contender.name], contender.scaler
        try:
            if not receiver.poll(seconds):
                raise TimeoutError
            what, content = receiver.recv()
        except (TimeoutError, EOFError) as error:
            if doing == "data":
                raise RuntimeError("The worker could not make its data.") from error
            waiting.pop(contender.name)
            hangs = isinstance(error, TimeoutError)
            if hangs and doing == "reference" and line.status != POSTPONED:
                # somebody else may be able to set it
                waiting[contender.name], line.status = contender, POSTPONED
                return
            line.status = f"over {seconds:.3g} s" if hangs else "crashed"
            line.at_least = seconds if hangs and doing == "fit" else None
            options.say(f"    {line.name}: {line.status}")
            return
        listen(what, content, line, best, key)
        if what == "attempt" and "value" in content:
            limit.note(content, best[key])
        if what == "end":
            line.status = "" if line.status == POSTPONED else line.status
            options.say(f"    {line.name}: {len(line.path)} fits {line.status}")
            waiting.pop(contender.name)
        # a warm-up may compile
        doing = "warm-up" if what in ("ready", "end") else "fit"
        if what == "warm" and best.get(key) == math.inf:
            doing = "reference"
        seconds = limit.seconds if doing == "fit" else options.patience * options.cap


def listen(what, content, line, best, key):
    """Note what the worker says of a contender."""
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
    reached = chosen(line)
    step = reached or min(line.path, key=lambda step: step["value"])
    line.suboptimality = step["suboptimality"]
    line.passes, line.memory = step["passes"], step["memory"]
    line.tolerance, line.solver = step["tolerance"], step["solver"]
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
        for turn in range(repeats if names else 0):
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
            line.passes, line.solver = outcome.passes, outcome.solver
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
        if ours is None:
            # seconds, with nothing to compare them with
            line.at_least = None
        if ours is None or line is ours:
            continue
        if len(line.seconds) == len(ours.seconds):
            line.ratios = [own / mine for own, mine in zip(line.seconds, ours.seconds, strict=True)]
        elif line.seconds:
            line.ratios = [median(line.seconds) / median(ours.seconds)]
        if line.at_least is not None:
            bound = line.at_least / median(ours.seconds)
            line.at_least = median(line.ratios) if line.ratios else bound


def weigh(line: Line):
    """Keep what a fit in a process of its own took."""
    for step in line.path:
        line.seconds, line.passes = [step["seconds"]], step["passes"]
        line.memory, line.memory_share = step["memory"], step["share"]
