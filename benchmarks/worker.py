"""The separate process in which contenders are tried: it may be killed, and its memory read."""

import math
import os
import sys
import time
import warnings
from dataclasses import dataclass

from benchmarks import memory
from benchmarks.core import TARGET

# Fits of one contender may together take so many times the limit of one.
WALK = 3
# Shorter limits would be about the start of a fit and not about its length.
SHORTEST = 1.0
# The reference is fitted to so much of the accuracy that is asked for.
TIGHTER = 2e-4


@dataclass
class Limit:
    """How long one fit may take: ``cap``, or so many times as long as the fastest so far."""

    cap: float
    times: float = math.inf
    fastest: float = math.inf

    @property
    def seconds(self) -> float:
        """The limit as of now."""
        return min(self.cap, max(SHORTEST, self.times * self.fastest))

    def note(self, made: dict, best: float):
        """Take notice of a fit."""
        if made["value"] - best <= TARGET * best:
            self.fastest = min(self.fastest, made["seconds"])


def work(connection, make_case, names, best, floor, limit):
    """Try the contenders one after the other and send what they do.

    Messages are (what, content): "ready" once; "reference", an objective, from the first
    contender on a problem; "attempt" for each fit; "failed" with a reason; "end" of a contender.
    """
    warnings.simplefilter("ignore")
    quiet()
    case = make_case()
    data = case.data()
    if case.judged == "objective" and any(c.scaler for c in case.contenders):
        _ = data.scaled
    connection.send(("ready", None))
    contenders = {contender.name: contender for contender in case.contenders}
    for name in names:
        try:
            walk(connection.send, case, contenders[name], data, best, floor, limit)
        except Exception as error:
            connection.send(("failed", f"{type(error).__name__}: {error}"[:200]))
        connection.send(("end", None))
    connection.close()


def walk(send, case, contender, data, best, floor, limit):
    """From the loosest tolerance to the first that reaches the best objective known."""
    if case.judged == "memory":
        return send(("attempt", attempt(contender, data, None)))
    problem, key = contender.problem(data), contender.scaler
    contender.make(data, contender.tolerances[0])()
    send(("warm", None))
    if best[key] == math.inf:
        tight = [each for each in contender.tolerances if each and each <= TIGHTER * floor]
        tolerance = max(tight, default=contender.tolerances[-1])
        best[key] = attempt(contender, data, tolerance, problem)["value"]
        send(("reference", best[key]))
    spent = 0.0
    for tolerance in contender.tolerances:
        made = attempt(contender, data, tolerance, problem)
        send(("attempt", made))
        best[key] = min(best[key], made["value"])
        limit.note(made, best[key])
        spent += made["seconds"]
        if made["value"] - best[key] <= floor * best[key]:
            return None
        if spent > WALK * limit.seconds:
            return send(("failed", f"over {WALK * limit.seconds:.3g} s in all"))
    return None


def attempt(contender, data, tolerance, problem=None) -> dict:
    """One fit: its time, its peak memory, and its objective."""
    fit = contender.make(data, tolerance)
    before = memory.start()
    began = time.perf_counter()
    outcome = fit()
    made = {"tolerance": tolerance, "seconds": time.perf_counter() - began}
    made["memory"] = memory.extra(before)
    size = getattr(data.X, "nbytes", None)
    made["share"] = made["memory"] / size if made["memory"] is not None and size else None
    made["passes"] = None if outcome is None else outcome.passes
    made["solver"] = "" if outcome is None else outcome.solver
    if problem is not None:
        made["value"] = problem.objective(outcome.coef, outcome.intercept)
    return made


def quiet():
    """Some peers print from C; nothing of this process belongs on the terminal."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
