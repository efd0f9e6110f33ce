"""The displays show what happened: recorded paths, recomputed objectives, honest axes."""

import re
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import CASES, NETWORK_CASES, build, coefficients, make_data, make_weights
from common import plain_objective as objective_of
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDPathCV
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.inspection import (
    DescentDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    PathDisplay,
    SolverComparisonDisplay,
    learning_rate_range,
)
from sklearn_gd.inspection._plane import plane_of
from sklearn_gd.solvers import LBFGS, Adam

plt = pytest.importorskip("matplotlib.pyplot")
pytestmark = [
    pytest.mark.filterwarnings("error"),
    # what an old matplotlib calls of a new library is not ours
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("error::DeprecationWarning:sklearn_gd"),
]

QUICK = {"max_iter": 8, "alpha": 0.1}
COARSE = {"grid_resolution": 7}


def fitted(model, *rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*rows)


def rows_of_one_feature(n_samples=60):
    X, y = make_data("regression", n_samples)
    return X[:, :1], y


def bowl(w):
    return (w[0] ** 2 + 10 * w[1] ** 2) / 2, np.array([w[0], 10 * w[1]])


def rosenbrock(w):
    value = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    inner = 200 * (w[1] - w[0] ** 2)
    return value, np.array([-2 * (1 - w[0]) - 2 * w[0] * inner, inner])


def params_of(model):
    """Coefficients in the order of the params of a linear model."""
    coef = np.atleast_2d(model.coef_)
    return np.vstack([coef.T, np.atleast_1d(model.intercept_)]).ravel()


def with_params(model, params):
    """A linear model that predicts by other params."""
    table = params.reshape(-1, np.atleast_2d(model.coef_).shape[0])
    twin = clone(model)
    vars(twin).update(vars(model))
    twin.coef_ = table[:-1].T.reshape(model.coef_.shape)
    twin.intercept_ = table[-1].reshape(np.shape(model.intercept_))
    return twin


# The path of a descent.


@pytest.mark.parametrize("solver", ["auto", "gd", "adam"])
@pytest.mark.parametrize("case", [case for case in CASES if case not in NETWORK_CASES])
def test_the_path_ends_at_the_fitted_coefficients_and_has_the_values_of_the_objective(case, solver):
    X, y = make_data(case)
    model = build(case, solver=solver, **QUICK)
    display = DescentDisplay.from_estimator(model, X, y, **COARSE)
    fit = fitted(model, X, y)
    assert len(display.path) == fit.n_iter_ + 1
    assert_allclose(display.solution, params_of(fit), rtol=1e-9, atol=1e-12)
    if solver != "adam":
        assert_array_equal(display.solution, display.path[-1])
    expected = [objective_of(with_params(fit, params), X, y) for params in display.path]
    assert_allclose(display.values, expected, rtol=1e-9)
    assert display.solution_value == pytest.approx(fit.objective_, rel=1e-9)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("case", NETWORK_CASES)
def test_the_path_of_a_network_ends_at_the_fitted_objective(case, standardize):
    X, y = make_data(case)
    model = build(case, standardize=standardize, dropout=0.2, **QUICK)
    display = DescentDisplay.from_estimator(model, X, y, **COARSE)
    fit = fitted(model, X, y)
    assert display.path.shape == (fit.n_iter_ + 1, coefficients(fit).size)
    assert display.solution_value == pytest.approx(fit.objective_, rel=1e-9)
    assert display.params_names[:2] == ["params[0]", "params[1]"]
    if not standardize:
        flat = [*map(np.ravel, fit.coefs_), *fit.intercepts_]
        assert_array_equal(display.solution, np.concatenate(flat))


@pytest.mark.parametrize("case", ["regression", "softmax", "mlp-two-classes"])
def test_sparse_and_weighted_rows_take_the_path_of_their_copies(case):
    X, y = make_data(case)
    weight = make_weights()
    copies = np.repeat(np.arange(len(y)), weight.astype(int))
    model = build(case, solver="gd", standardize=False, **QUICK)
    plain = DescentDisplay.from_estimator(model, X[copies], y[copies], **COARSE)
    weighted = DescentDisplay.from_estimator(
        model, sp.csr_array(X), y, sample_weight=weight, **COARSE
    )
    assert_allclose(weighted.path, plain.path, rtol=1e-7, atol=1e-9)
    assert_allclose(weighted.values, plain.values, rtol=1e-9)
    assert_allclose(weighted.grid_values, plain.grid_values, rtol=1e-6)


@pytest.mark.parametrize("case", ["regression", "one-vs-rest", "mlp-regression"])
@pytest.mark.parametrize("display", ["descent", "comparison", "rates"])
def test_the_estimator_and_the_rows_stay_as_they_are(case, display):
    X, y = make_data(case)
    model = build(case, solver="gd", random_state=np.random.RandomState(0), **QUICK)
    fitted(model, X, y)
    before, rows = dict(vars(model)), (X.copy(), y.copy())
    drawn = model.random_state.get_state()[2]
    if display == "descent":
        DescentDisplay.from_estimator(model, X, y, **COARSE)
    elif display == "comparison":
        SolverComparisonDisplay.from_estimator(model, X, y, solvers=["gd", "adam"])
    else:
        learning_rate_range(model, X, y, learning_rates=[0.1], max_iter=2)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert model.random_state.get_state()[2] == drawn
    assert_array_equal(X, rows[0])
    assert_array_equal(y, rows[1])


def test_the_path_of_two_parameters_is_the_recursion_by_hand():
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(solver="gd", alpha=0.5, max_iter=5, tol=0)
    display = DescentDisplay.from_estimator(model, X, y)
    design = np.column_stack([X, np.ones(len(X))])
    hessian = design.T @ design / len(X) + np.diag([0.5, 0.0])
    step = fitted(model, X, y).history_["step_size"][0]
    # the bound L of the loss and that of the penalty are found apart, and added
    assert 0.8 / np.linalg.eigvalsh(hessian)[-1] < step <= 1 / np.linalg.eigvalsh(hessian)[-1]
    params = np.array([0.0, y.mean()])
    for found in display.path:
        assert_allclose(found, params, rtol=1e-9)
        params -= step * (hessian @ params - design.T @ y / len(X))
    assert display.params_names == ["coef_[0]", "intercept_"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("coef_[0]", "intercept_")


def test_a_given_learning_rate_makes_the_recursion_by_hand():
    display = DescentDisplay.from_function(bowl, [3.0, 1.0], learning_rate=0.15, max_iter=6)
    factors = 1 - 0.15 * np.array([1.0, 10.0])
    expected = np.array([3.0, 1.0]) * factors ** np.arange(7)[:, np.newaxis]
    assert_allclose(display.path, expected, rtol=1e-12)
    assert_allclose(display.values, [bowl(params)[0] for params in expected], rtol=1e-12)


@pytest.mark.parametrize("case", ["one-vs-rest", "multilabel", "two-targets"])
def test_names_of_several_outputs_are_those_of_the_attributes(case):
    X, y = make_data(case)
    model = fitted(build(case, **QUICK), X, y)
    display = DescentDisplay.from_estimator(model, X, y, **COARSE)
    for name, value in zip(display.params_names, display.solution, strict=True):
        assert value == pytest.approx(eval(f"model.{name}"), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "epsilon_insensitive"])
def test_all_stages_of_a_loss_with_kinks_are_on_the_path_and_seen_by_the_loss_itself(loss):
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(loss=loss)
    display = DescentDisplay.from_estimator(model, X, y)
    fit = fitted(clone(model), X, y)
    assert len(display.path) == fit.n_iter_ + 1
    assert_allclose(display.path[-1], params_of(fit), rtol=1e-9)
    assert display.values[-1] == pytest.approx(fit.objective_, rel=1e-9)
    if loss == "absolute_error":
        residuals = y[:, np.newaxis] - X * display.path[:, 0] - display.path[:, 1]
        penalty = model.alpha * display.path[:, 0] ** 2 / 2
        assert_allclose(display.values, np.abs(residuals).mean(axis=0) + penalty, rtol=1e-9)


def test_after_early_stopping_the_end_is_what_was_returned():
    X, y = make_data("logistic", 80)
    model = GDLogisticClassifier(
        solver="adam", learning_rate=0.5, early_stopping=True, max_iter=30, random_state=0
    )
    display = DescentDisplay.from_estimator(model, X, y, **COARSE)
    assert_allclose(display.solution, params_of(fitted(model, X, y)), rtol=1e-9)
    assert (display.path == display.solution).all(axis=1).any()
    assert not np.array_equal(display.path[-1], display.solution)


# The plane and the grid.


def test_the_grid_of_two_parameters_has_the_objective_by_hand():
    X, y = rows_of_one_feature()
    display = DescentDisplay.from_estimator(GDLinearRegressor(alpha=0.5), X, y, **COARSE)
    assert display.grid_values.shape == (7, 7)
    for b, row in zip(display.grid_y, display.grid_values, strict=True):
        for w, value in zip(display.grid_x, row, strict=True):
            expected = np.mean((y - X[:, 0] * w - b) ** 2) / 2 + 0.5 * w**2 / 2
            assert value == pytest.approx(expected, rel=1e-9)


def test_one_parameter_is_a_curve_by_hand():
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(fit_intercept=False, alpha=0, solver="gd")
    display = DescentDisplay.from_estimator(model, X, y)
    expected = [np.mean((y - X[:, 0] * w) ** 2) / 2 for w in display.grid_x]
    assert display.grid_y is None
    assert_allclose(display.grid_values, expected, rtol=1e-9)
    falling, rising = (line.get_ydata() for line in display.ax_.lines[:2])
    assert (np.diff(falling[np.isfinite(falling)])[:-1] < 0).all()
    assert (np.diff(rising[np.isfinite(rising)])[1:] > 0).all()


def test_the_plane_of_many_parameters_holds_start_end_and_the_farthest_iterate():
    X, y = make_data("regression")
    model = GDLinearRegressor(solver="adam", learning_rate=0.5, max_iter=40, tol=0, random_state=0)
    display = DescentDisplay.from_estimator(model, X, y, **COARSE)
    plane = display.plane
    assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    moves = display.path - display.path[0]
    along = moves - np.outer(moves @ plane.directions[0], plane.directions[0])
    farthest = display.path[np.argmax(np.linalg.norm(along, axis=1))]
    for params in (display.path[0], display.solution, farthest):
        assert_allclose(plane.params(plane.coordinates(params)), params, atol=1e-12)
    model = fitted(model, X, y)
    corner = plane.params(np.array([display.grid_x[2], display.grid_y[5]]))
    expected = objective_of(with_params(model, corner), X, y)
    assert display.grid_values[5, 2] == pytest.approx(expected, rel=1e-9)


DEGENERATE = {
    "no step": ([0.0, 0.0], lambda w: (w @ w, 2 * w)),
    "a constant": ([1.0, 2.0, 3.0], lambda w: (1.0, 0 * w)),
    "a line": ([3.0, 0.0, 0.0], lambda w: (w @ w, 2 * w)),
    "a line in two": ([3.0, 0.0], lambda w: (w @ w, 2 * w)),
    "one parameter at its optimum": ([0.0], lambda w: (w @ w, 2 * w)),
    "not finite on one side": (
        [2.0, 1.0],
        lambda w: (
            (w @ w - 50 * np.log(w[0]), 2 * w - [50 / w[0], 0]) if w[0] > 0 else (np.inf, 0 * w)
        ),
    ),
    "steep": ([2.0, 0.0], lambda w: (np.exp(w @ w) if w @ w < 700 else np.inf, 2 * w)),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_paths_that_span_no_plane_are_drawn_all_the_same(kind):
    start, function = DEGENERATE[kind]
    display = DescentDisplay.from_function(function, start, learning_rate=1e-3, max_iter=3)
    display.figure_.draw_without_rendering()
    assert np.ptp(display.grid_x) > 0
    assert display.grid_y is None or np.ptp(display.grid_y) > 0


@pytest.mark.parametrize("size", [3, 5])
def test_a_plane_is_there_even_for_a_single_point(size):
    path = np.full((2, size), 1e12)
    plane = plane_of(path, path[-1], ["w"] * size)
    assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [2.0, -1.0]])
def test_the_grid_holds_the_path_and_is_centred_near_the_optimum(start):
    display = DescentDisplay.from_function(rosenbrock, start, solver="lbfgs")
    for axis, coordinates in (
        (display.grid_x, display.path[:, 0]),
        (display.grid_y, display.path[:, 1]),
    ):
        assert axis[0] < coordinates.min()
        assert axis[-1] > coordinates.max()
        assert abs(axis.mean() - 1) < 0.1 * np.ptp(axis)


def test_several_paths_share_axes_and_plane():
    X, y = make_data("logistic")
    first = DescentDisplay.from_estimator(build("logistic", **QUICK), X, y, label="auto", **COARSE)
    n_contours = len(first.ax_.collections)
    second = DescentDisplay.from_estimator(
        build("logistic", solver="gd", **QUICK),
        X,
        y,
        ax=first.ax_,
        contours=False,
        plane=first.plane,
        label="gd",
        **COARSE,
    )
    assert second.ax_ is first.ax_
    assert len(first.ax_.collections) == n_contours
    drawn = second.line_.get_xydata()
    assert_allclose(drawn, first.plane.coordinates(second.path), rtol=1e-12)
    with pytest.raises(ValueError, match="contours=False"):
        second.plot(plane=first.plane)


@pytest.mark.parametrize("n_params", [1, 2])
def test_an_animation_ends_with_the_whole_path(n_params, tmp_path, monkeypatch):
    pytest.importorskip("PIL")
    start = [3.0, 1.0][:n_params]
    monkeypatch.setitem(plt.rcParams, "figure.dpi", 30)
    display = DescentDisplay.from_function(lambda w: (w @ w, 2 * w), start, learning_rate=0.1)
    animation = display.animate(frames=3, interval=20)
    animation.save(tmp_path / "descent.gif", writer="pillow")
    assert (tmp_path / "descent.gif").stat().st_size > 0
    assert len(display.line_.get_xdata()) == len(display.path)
    assert "<img" in animation.to_jshtml()


@pytest.mark.parametrize("n_params", [1, 2])
def test_an_animation_keeps_the_start_and_a_legend_that_does_not_move(
    n_params, tmp_path, monkeypatch
):
    pytest.importorskip("PIL")
    monkeypatch.setitem(plt.rcParams, "figure.dpi", 30)
    start = [-3.0, -3.0][:n_params]
    display = DescentDisplay.from_function(lambda w: (w @ w, 2 * w), start, learning_rate=0.95)
    still = display.figure_
    animation = display.animate(frames=3)
    assert display.figure_ is display.ax_.figure is not still
    (mark,) = (line for line in display.ax_.lines if line.get_label().startswith("start, F = "))
    assert_array_equal(np.ravel(mark.get_data()), start if n_params == 2 else [-3.0, 9.0])
    places = []

    def look(frame, n_frames):
        display.figure_.canvas.draw()
        legend = display.ax_.get_legend()
        places.append(legend.get_window_extent().bounds)
        assert mark.get_label() in [text.get_text() for text in legend.get_texts()]

    animation.save(tmp_path / "descent.gif", writer="pillow", progress_callback=look)
    assert len(places) == 3
    assert set(places) == {places[0]}


def test_a_path_in_narrow_axes_may_have_no_legend():
    display = DescentDisplay.from_function(bowl, [3.0, 1.0], max_iter=3, legend=False, **COARSE)
    assert display.ax_.get_legend() is None
    assert display.plot().ax_.get_legend() is not None


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"start": [[1.0]]}, ValueError, "one row of numbers"),
        ({"start": [np.inf, 1.0]}, ValueError, "not finite at the start"),
        ({"solver": "gdd"}, InvalidParameterError, "Did you mean 'gd'"),
        ({"solver": "adam"}, ValueError, "needs rows"),
    ],
)
def test_a_descent_says_what_it_cannot_take(arguments, error, match):
    with pytest.raises(error, match=match):
        DescentDisplay.from_function(bowl, **({"start": [1.0, 1.0]} | arguments))


def test_a_learning_rate_that_is_not_used_is_told():
    with pytest.warns(UserWarning, match=r"learning_rate=0.1 is not used by LBFGS\(\)"):
        DescentDisplay.from_function(bowl, [1.0, 1.0], solver="lbfgs", learning_rate=0.1)
    X, y = rows_of_one_feature()
    with pytest.warns(UserWarning, match="learning_rate=0.1 is not used by solver='lbfgs'"):
        DescentDisplay.from_estimator(GDLinearRegressor(solver="lbfgs", learning_rate=0.1), X, y)


def test_only_estimators_of_the_package_are_taken():
    with pytest.raises(TypeError, match="estimator of sklearn_gd"):
        DescentDisplay.from_estimator(object(), [[1.0]], [1.0])
    with pytest.raises(TypeError, match="estimator of sklearn_gd"):
        LossCurveDisplay.from_estimator(object())


# Loss curves.


@pytest.mark.parametrize("x", ["passes", "seconds"])
@pytest.mark.parametrize("y", ["objective", "optimality"])
def test_a_loss_curve_is_the_history(x, y):
    model = build("logistic").fit(*make_data("logistic"))
    display = LossCurveDisplay.from_estimator(model, x=x, y=y, color="C3")
    (line,) = display.lines_
    assert_array_equal(line.get_xdata(), model.history_[x])
    assert_array_equal(line.get_ydata(), model.history_[y])
    assert display.ax_.get_yscale() == ("log" if y == "optimality" else "linear")
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_legend_handles_labels()[1] == ["GDLogisticClassifier"]


def test_curves_of_several_estimators_are_on_the_same_axes():
    X, y = make_data("regression")
    models = {
        name: fitted(build("regression", solver=name, **QUICK), X, y) for name in ("gd", "agd")
    }
    _, ax = plt.subplots()
    display = LossCurveDisplay.from_estimators(models, ax=ax)
    assert display.ax_ is ax
    assert [line.get_label() for line in display.lines_] == ["gd", "agd"]


@pytest.mark.parametrize("sequence", [list, tuple])
def test_estimators_without_names_are_named_by_their_class(sequence):
    X, y = make_data("logistic")
    fits = [fitted(build("logistic", solver=name, **QUICK), X, y) for name in ("gd", "agd")]
    network = fitted(build("mlp-two-classes", **QUICK), X, y)
    display = LossCurveDisplay.from_estimators(sequence([fits[0], network, fits[1]]))
    assert list(display.curves) == [
        "GDLogisticClassifier 1",
        "GDMLPClassifier",
        "GDLogisticClassifier 2",
    ]
    assert_array_equal(display.lines_[2].get_ydata(), fits[1].loss_curve_)
    with pytest.raises(TypeError, match=r"estimators must be a dict .* got GDLogisticClassifier"):
        LossCurveDisplay.from_estimators(fits[0])


def test_validation_scores_are_drawn_where_there_are_some():
    X, y = make_data("mlp-two-classes")
    model = build("mlp-two-classes", early_stopping=True, max_iter=5)
    display = LossCurveDisplay.from_estimator(fitted(model, X, y), y="validation")
    assert_array_equal(display.lines_[0].get_ydata(), model.validation_scores_)
    model = build("mlp-two-classes", max_iter=5)
    with pytest.raises(ValueError, match="early_stopping=True"):
        LossCurveDisplay.from_estimator(fitted(model, X, y), y="validation")


def test_networks_and_streams_have_no_optimality():
    X, y = make_data("mlp-two-classes")
    network = fitted(build("mlp-two-classes", max_iter=3), X, y)
    with pytest.raises(ValueError, match="Networks have no optimality"):
        LossCurveDisplay.from_estimator(network, y="optimality")
    stream = GDLogisticClassifier()
    for _ in range(3):
        stream.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="No optimality was recorded"):
        LossCurveDisplay.from_estimator(stream, y="optimality")
    display = LossCurveDisplay.from_estimator(stream)
    assert_array_equal(display.lines_[0].get_ydata(), stream.loss_curve_)


def test_a_loss_curve_says_what_it_cannot_take():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(GDLinearRegressor())
    model = GDLinearRegressor().fit(*rows_of_one_feature())
    with pytest.raises(ValueError, match=r"x must be one of \['passes', 'seconds'\]"):
        LossCurveDisplay.from_estimator(model, x="steps")
    with pytest.raises(ValueError, match="y must be one of"):
        LossCurveDisplay.from_estimator(model, y="loss")


# Solvers beside each other.


@pytest.mark.parametrize("case", ["regression", "softmax"])
def test_gaps_are_those_to_the_optimum_and_begin_at_the_same_start(case):
    X, y = make_data(case)
    model = build(case, alpha=0.1, max_iter=30)
    display = SolverComparisonDisplay.from_estimator(
        model, X, y, solvers=["gd", LBFGS(), "adam"], x="passes"
    )
    assert list(display.objectives) == ["gd", "LBFGS()", "adam"]
    optimum = objective_of(clone(model).set_params(tol=1e-12, max_iter=1000).fit(X, y), X, y)
    assert display.best == pytest.approx(optimum, rel=1e-9)
    starts = [values[0] for values in display.objectives.values()]
    assert_allclose(starts, starts[0], rtol=1e-12)
    fit = fitted(clone(model).set_params(solver="gd"), X, y)
    assert_allclose(display.objectives["gd"], fit.loss_curve_, rtol=1e-9)
    assert_allclose(display.passes["gd"], fit.history_["passes"])
    gaps = display.lines_[0].get_ydata()
    assert_allclose(gaps, (display.objectives["gd"] - display.best) / abs(display.best), rtol=1e-9)
    assert display.ax_.get_yscale() == "log"


def test_solvers_have_parameters_of_their_own():
    X, y = make_data("mlp-two-classes")
    solvers = {"adam": {"learning_rate": 0.05}, "slow": {"solver": Adam(), "learning_rate": 1e-5}}
    display = SolverComparisonDisplay.from_estimator(
        build("mlp-two-classes", early_stopping=True, **QUICK), X, y, solvers=solvers
    )
    assert display.objectives["adam"][-1] < display.objectives["slow"][-1]
    assert display.best == min(display.objectives["adam"])


def test_the_best_of_a_network_is_no_optimum_and_is_not_drawn():
    X, y = make_data("mlp-two-classes")
    display = SolverComparisonDisplay.from_estimator(
        build("mlp-two-classes", **QUICK), X, y, solvers=["adam", "lbfgs"]
    )
    for line, values in zip(display.lines_, display.objectives.values(), strict=True):
        assert_array_equal(np.isnan(line.get_ydata()), values == display.best)
        assert np.nanmin(line.get_ydata()) > 1e-12
    display.figure_.draw_without_rendering()
    assert sum(np.isnan(line.get_ydata()).sum() for line in display.lines_) == 1


def test_a_network_that_gained_nothing_has_no_point_to_draw():
    point = {"a": np.array([1.0])}
    display = SolverComparisonDisplay(
        passes=point, seconds=point, objectives=point, best=1.0, scale=1.0, is_convex=False
    ).plot()
    display.figure_.draw_without_rendering()
    assert np.isnan(display.lines_[0].get_ydata()).all()


def test_passes_of_a_loss_with_kinks_add_up_over_its_stages():
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(loss="absolute_error")
    display = SolverComparisonDisplay.from_estimator(model, X, y, solvers=["auto"])
    assert (np.diff(display.passes["auto"]) > 0).all()
    assert (np.diff(display.seconds["auto"]) > 0).all()


@pytest.mark.parametrize("solvers", [[], ["gd", "gd"], "gd"])
def test_solvers_to_compare_are_different_ones(solvers):
    with pytest.raises((ValueError, TypeError), match="solvers must be"):
        SolverComparisonDisplay.from_estimator(
            GDLinearRegressor(), *rows_of_one_feature(), solvers=solvers
        )


# Learning rates.


def test_rates_beyond_twice_the_bound_diverge_and_smaller_ones_descend():
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(solver="gd", alpha=0)
    design = np.column_stack([X, np.ones(len(X))])
    bound = np.linalg.eigvalsh(design.T @ design / len(X))[-1]
    rates = np.array([1e-3, 0.1, 1.0, 1e2, 1e200]) / bound
    display = learning_rate_range(model, X, y, learning_rates=rates, max_iter=6)
    assert isinstance(display, LearningRateDisplay)
    assert display.best == rates[2]
    assert_array_equal(np.isinf(display.objectives), [False, False, False, True, True])
    params = np.array([0.0, y.mean()])
    assert display.start_objective == pytest.approx(np.var(y) / 2)
    for _ in range(6):
        params -= rates[1] * design.T @ (design @ params - y) / len(X)
    expected = np.mean((design @ params - y) ** 2) / 2
    assert display.objectives[1] == pytest.approx(expected, rel=1e-9)
    assert display.plot() is display
    crosses = [line for line in display.ax_.lines if line.get_label() == "diverged"]
    assert_array_equal(crosses[0].get_xdata(), rates[3:])


@pytest.mark.parametrize(
    ("case", "solver"),
    [
        ("regression", "sgd"),
        ("logistic", "gd"),
        ("mlp-two-classes", "auto"),
        ("mlp-regression", "gd"),
    ],
)
def test_default_rates_lie_around_one_that_descends(case, solver):
    X, y = make_data(case)
    display = learning_rate_range(build(case, solver=solver), X, y, max_iter=3)
    best = np.argmin(display.objectives)
    assert best > 0
    assert display.objectives[best] < display.start_objective
    assert display.learning_rates[best] == display.best


def test_where_all_diverge_no_rate_is_the_best():
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(solver="gd")
    display = learning_rate_range(model, X, y, learning_rates=[1e6, 1e9])
    assert np.isnan(display.best)
    display.plot().figure_.draw_without_rendering()


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cg"])
def test_a_solver_without_a_learning_rate_is_refused_by_name(solver):
    model = GDLinearRegressor(solver=solver)
    with pytest.raises(ValueError, match=r"does not use a learning rate.* gd, sgd, momentum"):
        learning_rate_range(model, *rows_of_one_feature())


def test_only_solvers_that_take_a_network_are_named_to_one():
    X, y = make_data("mlp-two-classes")
    with pytest.raises(ValueError, match="does not use a learning rate") as raised:
        learning_rate_range(build("mlp-two-classes", solver="lbfgs"), X, y)
    named = set(re.findall(r"[\w-]+", str(raised.value).partition("those that do are ")[2]))
    assert {"gd", "adam", "svrg"} < named
    assert named.isdisjoint({"saga", "normalized-adagrad", "lbfgs"})
    for solver in named:
        learning_rate_range(
            build("mlp-two-classes", solver=solver), X, y, learning_rates=[1e-3], max_iter=1
        )


@pytest.mark.parametrize(
    ("objectives", "start", "scale"),
    [
        ([0.5, 0.1, np.inf], 1.0, "log"),
        ([1.0, 1.0, np.inf], 1.0, "log"),
        ([2.0, 3.0, np.inf], 1.0, "log"),
        ([0.5, 0.0, np.inf], 1.0, "linear"),
        ([0.5, -2.0, np.inf], -1.0, "linear"),
        ([0.0, 0.0, np.inf], 0.0, "linear"),
    ],
)
def test_objectives_greater_than_zero_are_on_a_logarithmic_axis(objectives, start, scale):
    display = LearningRateDisplay(
        learning_rates=np.array([0.1, 1.0, 10.0]),
        objectives=np.array(objectives),
        start_objective=start,
    ).plot()
    display.figure_.draw_without_rendering()
    assert display.ax_.get_yscale() == scale
    low, high = display.ax_.get_ylim()
    assert low < min(start, *objectives) <= max(start, min(objectives)) < high


@pytest.mark.parametrize("rates", [[], [0.0], [-1.0], [np.nan], 0.1])
def test_learning_rates_are_positive_numbers(rates):
    model = GDLinearRegressor(solver="gd")
    with pytest.raises(ValueError, match="learning_rates must be a row of numbers > 0"):
        learning_rate_range(model, *rows_of_one_feature(), learning_rates=rates)


# matplotlib.


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    X, y = rows_of_one_feature()
    model = GDLinearRegressor(solver="gd").fit(X, y)
    rates = learning_rate_range(model, X, y, learning_rates=[0.1], max_iter=2)
    for draw in (
        lambda: LossCurveDisplay.from_estimator(model),
        lambda: DescentDisplay.from_function(bowl, [1.0, 1.0], **COARSE),
        lambda: SolverComparisonDisplay.from_estimator(model, X, y, solvers=["gd"]),
        rates.plot,
    ):
        with pytest.raises(ImportError, match="needs matplotlib to draw: pip install matplotlib"):
            draw()


def test_a_network_draws_its_early_stopping_too():
    X, y = make_data("mlp-two-classes")
    network = GDMLPClassifier(
        hidden_layer_sizes=(3,), early_stopping=True, max_iter=5, random_state=0
    )
    display = DescentDisplay.from_estimator(network, X, y, **COARSE)
    assert display.ax_.get_xlabel() == "distance along the line from start to end"


# Paths of penalty strengths.


def lasso_path(case="regression", **params):
    X, y = make_data(case)
    estimator = CASES[case].estimator(penalty="elasticnet")
    return GDPathCV(estimator, alphas=12, cv=3, **params).fit(X, y)


@pytest.mark.parametrize("case", ["regression", "softmax"])
def test_the_picture_of_a_path_has_a_line_for_each_coefficient(case):
    path = lasso_path(case)
    display = PathDisplay.from_estimator(path, linewidth=3)
    assert_allclose(display.lines_[1].get_xdata(), path.alphas_)
    drawn = np.array([line.get_ydata() for line in display.lines_]).T
    assert_allclose(drawn, path.coef_path_.reshape(12, -1))
    assert display.lines_[0].get_linewidth() == 3
    counts = [int(text.get_text()) for text in display.count_ax_.get_xticklabels()]
    by_hand = (path.coef_path_.reshape(12, -1, 4) != 0).any(axis=1).sum(axis=1)
    assert counts[0] == by_hand[0] == 0
    assert counts[-1] == by_hand[-1] == 4
    assert set(counts) <= set(by_hand)
    assert display.ax_.get_xscale() == "log"
    assert path.best_alpha_ in display.ax_.lines[0].get_xdata()


def test_the_picture_of_scores_has_a_band_of_one_standard_error():
    path = lasso_path(l1_ratios=[0.5, 1.0])
    row = [0.5, 1.0].index(path.best_l1_ratio_)
    display = PathDisplay.from_estimator(path, kind="scores")
    mean = path.scores_[row].mean(axis=1)
    error = path.scores_[row].std(axis=1, ddof=1) / np.sqrt(3)
    assert_allclose(display.lines_[0].get_xdata(), path.alphas_[row])
    assert_allclose(display.lines_[0].get_ydata(), mean)
    heights = display.band_.get_paths()[0].vertices[:, 1]
    assert_allclose([heights.min(), heights.max()], [(mean - error).min(), (mean + error).max()])


def test_features_with_names_have_a_legend_and_an_alpha_of_zero_is_left_out():
    X, y = make_data("regression")
    path = GDPathCV(GDLinearRegressor(), alphas=[0, 0.1, 1], cv=2)
    display = PathDisplay.from_estimator(path.fit(pd.DataFrame(X, columns=list("abcd")), y))
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert names == list("abcd")
    assert_array_equal(display.lines_[0].get_xdata(), [1, 0.1])


def test_a_path_display_says_what_it_cannot_take():
    with pytest.raises(NotFittedError, match="needs a GDPathCV fitted with refit=True"):
        PathDisplay.from_estimator(lasso_path(refit=False))
    with pytest.raises(NotFittedError, match="got GDLinearRegressor"):
        PathDisplay.from_estimator(GDLinearRegressor().fit([[0.0], [1.0]], [0.0, 1.0]))
    with pytest.raises(ValueError, match="kind must be one of"):
        PathDisplay.from_estimator(lasso_path(), kind="coefs")
