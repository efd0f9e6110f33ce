"""Linear regression."""

from typing import ClassVar

from sklearn_gd._regressor import REGRESSOR_RULES, Regressor
from sklearn_gd._validation import Rule
from sklearn_gd.linear_model._base import LinearEstimator
from sklearn_gd.losses import LOSSES


class GDLinearRegressor(Regressor, LinearEstimator):
    r"""Linear regression by gradient descent.

    Minimises over coefficients w and intercept b

    .. math:: \frac1S \sum_i s_i\,loss(y_i, x_i w + b) + alpha \cdot penalty(w)

    with sample weights :math:`s_i`, :math:`S = \sum_i s_i`; for "squared_error" the loss is
    :math:`(raw - y)^2/2`. Several targets (y of shape (n, k)) are fitted in one pass.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        The loss of a row: "squared_error", "huber", "absolute_error", "quantile",
        "epsilon_insensitive", "poisson", or an object of :mod:`sklearn_gd.losses`, your own
        included.
    penalty : {"l2", "l1", "elasticnet"}, Penalty or None, default="l2"
        What is added to the mean loss; biases are never penalised.
    alpha : float, default=1e-4
        Strength of the penalty, beside the *mean* loss: the same for every number of rows, solver
        and batch size. ``Ridge(alpha=a)`` is ``alpha=a/n``,
        ``SGDRegressor(alpha=a)`` and ``Lasso(alpha=a)`` are ``alpha=a``.
    l1_ratio : float, default=0.15
        Share of the absolute part for ``penalty="elasticnet"``.
    fit_intercept : bool, default=True
        Without, raw predictions pass through the origin.
    positive : bool, default=False
        No coefficient below zero.
    standardize : bool, default=False
        The penalty acts as if features had been divided by their standard deviation; ``coef_`` is
        in raw units all the same.
    solver : str or Solver, default="auto"
        How to walk down: a name of :data:`sklearn_gd.solvers.SOLVERS`, or an object where the
        defaults of the name will not do. "auto" chooses by loss, penalty and shape; ``solver_``
        tells.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        For solvers that use one: a number, a name of :data:`sklearn_gd.schedules.SCHEDULES`, an
        object, or a function of a :class:`~sklearn_gd.schedules.Clock`. "auto" derives it from the
        curvature where that has a bound. With ``solver="auto"``, ``fit`` takes no notice of this,
        ``batch_size`` and ``average``, and says nothing: name a solver to use them.
    batch_size : "auto" or int, default="auto"
        Rows in a batch of a stochastic solver; "auto" is n / 20 between 64 and 200
        (n / 5 for "normalized-adagrad").
    shuffle : bool, default=True
        Another order of rows in each pass of a stochastic solver.
    average : bool, default=False
        Return the average of a stochastic solver's path, its first pass left out.
    max_iter : int, default=1000
        Most iterations; an iteration visits all rows at least once.
    tol : float, default=1e-8
        Converged when twice ``optimality_`` is at most this, whatever the units. 0 runs
        ``max_iter`` iterations.
    max_time : float or None, default=None
        Most seconds of a fit; None: no limit.
    early_stopping : bool, default=False
        Stop when the validation score has not improved in ``n_iter_no_change`` iterations, and
        return the best model met.
    scoring : str, callable or None, default=None
        Validation score, greater is better; None is minus the weighted mean loss.
    validation_fraction : float, default=0.1
        Share of rows held out for early stopping.
    n_iter_no_change : int, default=5
        Iterations without a better validation score that end a fit with ``early_stopping``, and
        length of a plateau for ``learning_rate="adaptive"``.
    warm_start : bool, default=False
        Begin the next fit where the last one ended, if the shapes still agree.
    random_state : int, RandomState or None, default=None
        For shuffles and splits; an int makes fits repeatable.
    verbose : int or bool, default=0
        Print a line every so many iterations; 0 or False: none.

    Attributes
    ----------
    coef_ : ndarray of shape (d,), or (k, d) if y had columns
        In the units of y, or of its logarithm for Poisson, over those of X.
    intercept_ : float, or ndarray of shape (k,) if y had columns
        In the units of y, or of its logarithm for Poisson; 0 without ``fit_intercept``.
    n_iter_ : int
        Iterations of the last fit.
    t_ : int
        Updates of the parameters.
    solver_ : Solver
        What was used.
    objective_ : float
        Objective at the result; after ``partial_fit`` that of the last rows.
    optimality_ : float
        Share of the objective that is left to gain, as second derivatives predict; infinite where
        nothing looked, as after ``partial_fit`` or stochastic passes with ``tol=0``.
    converged_ : bool
        Whether ``tol``, early stopping or the limit of precision ended the fit.
    stop_reason_ : str
        Why the fit ended, in a sentence.
    loss_curve_ : list of float
        Objective at the start and after each iteration.
    history_ : dict of lists
        "objective", "optimality", "step_size", "passes" and "seconds" at the start and after each
        iteration; under ``partial_fit`` the last 1,000.
    validation_scores_ : list of float or None
        With early stopping, at the start and after each iteration.
    best_validation_score_ : float or None
        The largest of these.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Where X has string column names.

    See Also
    --------
    sklearn.linear_model.Ridge : The closed form, for squared error and l2.
    sklearn.linear_model.SGDRegressor : Stochastic descent, for scaled features.

    References
    ----------
    Boyd and Vandenberghe (2004), *Convex Optimization*, chapter 9; Lee, Sun and Saunders (2014),
    "Proximal Newton-type methods".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDLinearRegressor(alpha=0).fit(X, y)
    >>> round(model.score(X, y), 4)
    0.5177
    >>> model.n_iter_
    1
    """

    _rules: ClassVar[dict[str, Rule]] = LinearEstimator._rules | REGRESSOR_RULES
    _components: ClassVar = LinearEstimator._components | {"loss": LOSSES}

    def _store(self, model, params):
        super()._store(model, params)
        if self._is_1d:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]

    def _public_shape(self, model):
        return super()._public_shape(model)[self._is_1d :]

    def __init__(
        self,
        *,
        loss="squared_error",
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        positive=False,
        standardize=False,
        solver="auto",
        learning_rate="auto",
        batch_size="auto",
        shuffle=True,
        average=False,
        max_iter=1000,
        tol=1e-8,
        max_time=None,
        early_stopping=False,
        scoring=None,
        validation_fraction=0.1,
        n_iter_no_change=5,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.standardize = standardize
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.average = average
        self.max_iter = max_iter
        self.tol = tol
        self.max_time = max_time
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
