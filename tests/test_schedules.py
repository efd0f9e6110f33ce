"""Schedules against their formulas, over one table: a new schedule is a new row of it."""

import inspect
import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields
from itertools import pairwise

import pytest

from sklearn_gd import schedules
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.schedules import (
    SCHEDULES,
    Clock,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    PowerDecay,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
)

CLOCKS = [
    Clock(),
    Clock(step=1),
    Clock(step=2, plateaus=1),
    Clock(step=49, epoch=2),
    Clock(step=50, epoch=2, plateaus=1),
    Clock(step=99, epoch=9, plateaus=2),
    Clock(step=100, epoch=10, plateaus=2),
    Clock(step=10_000, epoch=1_000, plateaus=7),
]


@dataclass(frozen=True)
class Case:
    """A schedule, and its rate as a function of step t, epoch e and plateaus m."""

    schedule: Schedule
    formula: Callable[[int, int, int], float]


def cosine(t):
    share = min((t - 20) / 80, 1)
    return 0.3 * (t + 1) / 20 if t < 20 else 0.15 * (1 + math.cos(math.pi * share))


CASES = {
    "constant": Case(Constant(rate=0.3), lambda t, e, m: 0.3),
    "inverse-scaling": Case(InverseScaling(t0=5, t1=50), lambda t, e, m: 5 / (t + 50)),
    "inverse-scaling-defaults": Case(InverseScaling(), lambda t, e, m: 5 / (t + 50)),
    "power-decay": Case(PowerDecay(rate=0.3, power=0.25), lambda t, e, m: 0.3 / (t + 1) ** 0.25),
    "power-decay-0": Case(PowerDecay(rate=0.3, power=0), lambda t, e, m: 0.3),
    "exponential": Case(Exponential(rate=0.3, decay=0.9), lambda t, e, m: 0.3 * 0.9**e),
    "step": Case(StepDecay(rate=0.3, factor=0.5, every=10), lambda t, e, m: 0.3 / 2 ** (e // 10)),
    "cosine": Case(
        Cosine(rate=0.3, total_steps=100),
        lambda t, e, m: 0.15 * (1 + math.cos(math.pi * min(t / 100, 1))),
    ),
    "cosine-warmup": Case(Cosine(rate=0.3, total_steps=100, warmup=20), lambda t, e, m: cosine(t)),
    "adaptive": Case(ReduceOnPlateau(rate=0.3, factor=0.2), lambda t, e, m: 0.3 * 0.2**m),
}
each_schedule = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_name = pytest.mark.parametrize("name", SCHEDULES)


def rates(schedule, n_steps, steps_per_pass):
    """The rates of the first updates, without plateaus."""
    clocks = (Clock(step=t, epoch=t // steps_per_pass) for t in range(n_steps))
    return [schedule(clock) for clock in clocks]


def test_the_table_and_the_registry_have_every_schedule():
    public = {
        kind
        for _, kind in inspect.getmembers(schedules, inspect.isclass)
        if issubclass(kind, Schedule) and kind is not Schedule
    }
    assert public == {type(case.schedule) for case in CASES.values()}
    assert public == set(SCHEDULES.values())


@each_schedule
@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: f"t{clock.step}")
def test_rate_is_that_of_the_formula(case, clock):
    expected = case.formula(clock.step, clock.epoch, clock.plateaus)
    assert case.schedule(clock) == pytest.approx(expected, rel=1e-14, abs=1e-16)


@each_schedule
def test_rate_is_a_pure_function_of_the_clock(case):
    before = pickle.dumps(case.schedule)
    forward = [case.schedule(clock) for clock in CLOCKS]
    backward = [case.schedule(clock) for clock in reversed(CLOCKS)]
    assert forward == backward[::-1]
    assert pickle.dumps(case.schedule) == before


@each_schedule
def test_rate_is_a_float_and_never_negative(case):
    for clock in CLOCKS:
        rate = case.schedule(clock)
        assert isinstance(rate, float)
        assert 0 <= rate <= 0.3


@each_schedule
def test_rate_does_not_grow_after_the_warmup(case):
    after = rates(case.schedule, 200, steps_per_pass=5)[20:]
    assert all(later <= earlier for earlier, later in pairwise(after))


@each_name
def test_a_bare_name_starts_at_the_rate(name):
    schedule = SCHEDULES[name].from_rate(0.3, steps_per_pass=7, passes=11)
    schedule.validate()
    assert type(schedule) is SCHEDULES[name]
    assert schedule(Clock()) == pytest.approx(0.3, rel=1e-15)


@each_name
def test_a_bare_name_keeps_the_other_defaults(name):
    made, default = SCHEDULES[name].from_rate(0.3, 7, 11), SCHEDULES[name]()
    derived = {"rate", "t0", "t1", "total_steps"}
    for field in fields(default):
        if field.name not in derived:
            assert getattr(made, field.name) == getattr(default, field.name)


def test_inverse_scaling_by_name_is_halved_after_ten_passes():
    schedule = InverseScaling.from_rate(0.3, steps_per_pass=7, passes=1000)
    assert schedule(Clock(step=70, epoch=10)) == pytest.approx(0.15, rel=1e-15)


def test_inverse_scaling_does_not_fall_below_its_floor():
    schedule = InverseScaling(t0=5, t1=50, floor=0.02)
    assert [schedule(Clock(step=step)) for step in (0, 50, 200, 10_000)] == [0.1, 0.05, 0.02, 0.02]


def test_cosine_by_name_ends_at_zero_with_the_last_pass():
    schedule = Cosine.from_rate(0.3, steps_per_pass=7, passes=11)
    path = rates(schedule, 7 * 11 + 1, steps_per_pass=7)
    assert path[-1] == 0
    assert min(path[:-1]) > 0


def test_cosine_rises_in_equal_steps_and_reaches_the_rate_at_the_end_of_the_warmup():
    path = rates(Cosine(rate=0.4, total_steps=12, warmup=4), 14, steps_per_pass=1)
    assert path[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])
    assert path[8] == pytest.approx(0.2)
    assert path[12:] == [0, 0]


@pytest.mark.parametrize("warmup", [5, 6, 50])
def test_a_warmup_of_all_steps_is_only_a_warmup(warmup):
    schedule = Cosine(rate=0.3, total_steps=5, warmup=warmup)
    path = rates(schedule, warmup, steps_per_pass=1)
    assert path == pytest.approx([0.3 * (t + 1) / warmup for t in range(warmup)])


def test_step_decay_cuts_at_multiples_of_every():
    schedule = StepDecay(rate=1.0, factor=0.1, every=3)
    path = [schedule(Clock(epoch=epoch)) for epoch in range(7)]
    assert path == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_steps_within_a_pass_do_not_change_schedules_of_passes():
    for schedule in (Exponential(), StepDecay(), ReduceOnPlateau()):
        assert schedule(Clock(step=3, epoch=1)) == schedule(Clock(step=5, epoch=1))


def test_a_clock_cannot_be_set():
    with pytest.raises(FrozenInstanceError):
        Clock().step = 1


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(rate=1e-300),
        Constant(rate=1),
        PowerDecay(power=0),
        Exponential(decay=1),
        StepDecay(factor=1, every=1),
        Cosine(total_steps=1, warmup=0),
        InverseScaling(t0=1, t1=1),
    ],
    ids=repr,
)
def test_parameters_at_their_bounds_are_allowed(schedule):
    schedule.validate()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Constant(rate=0), "'rate' parameter of Constant must be a number > 0. Got 0"),
        (Constant(rate=True), "Got True"),
        (Constant(rate="fast"), "Got 'fast'"),
        (Constant(rate=math.inf), "Got inf"),
        (InverseScaling(t0=-1), "'t0' parameter of InverseScaling must be a number > 0. Got -1"),
        (InverseScaling(t1=0), "'t1' parameter of InverseScaling must be a number > 0. Got 0"),
        (PowerDecay(power=-0.5), "'power' parameter of PowerDecay must be a number >= 0"),
        (Exponential(decay=0), "'decay' parameter of Exponential must be a number > 0 and <= 1"),
        (Exponential(decay=1.01), "Got 1.01"),
        (StepDecay(factor=2), "'factor' parameter of StepDecay must be a number > 0 and <= 1"),
        (StepDecay(every=0), "'every' parameter of StepDecay must be an integer >= 1. Got 0"),
        (StepDecay(every=2.0), "Got 2.0"),
        (Cosine(total_steps=0), "'total_steps' parameter of Cosine must be an integer >= 1"),
        (Cosine(warmup=-1), "'warmup' parameter of Cosine must be an integer >= 0. Got -1"),
        (ReduceOnPlateau(factor=1), "'factor' parameter of ReduceOnPlateau must be a number > 0"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Schedule) else "",
)
def test_any_other_parameter_is_an_error_that_names_it(schedule, words):
    with pytest.raises(InvalidParameterError) as error:
        schedule.validate()
    assert words in str(error.value)
