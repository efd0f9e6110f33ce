"""Logistic regression: two classes, one-vs-rest, multilabel."""

from typing import ClassVar

from sklearn_gd._estimators.annotations import (
    ClassWeight,
    LearningRate,
    PenaltyLike,
    PerFeature,
    RandomState,
    Scoring,
    SolverLike,
)
from sklearn_gd._estimators.classifier import CLASSIFIER_RULES, Classifier
from sklearn_gd._estimators.coding import Multilabel, OneVsRest
from sklearn_gd._estimators.to_sklearn import logistic_regression, multilabel, one_vs_rest
from sklearn_gd._validation import Rule
from sklearn_gd.linear_model._base import LinearEstimator


class GDLogisticClassifier(Classifier, LinearEstimator):
    r"""Logistic regression by gradient descent.

    Minimises over coefficients w and intercept b

    .. math:: \frac1S \sum_i s_i \left[\log(1 + e^{raw_i}) - y_i\,raw_i\right]
        + alpha \cdot penalty(w), \quad raw_i = x_i w + b

    with sample weights :math:`s_i`, :math:`S = \sum_i s_i` and y 0 or 1. More than two classes are
    fitted one-vs-rest. A 0/1 matrix y is multilabel: each column is fitted separately. Each pass
    over the data serves all classes or labels.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet", "mcp", "slope"}, Penalty or None, default="l2"
        Penalty added to the mean loss. Intercepts are not penalised.
    alpha : float, default=1e-4
        Regularization strength. It multiplies the penalty, which is added to the *mean* loss, so
        its meaning does not depend on the number of rows, the solver or the batch size.
        ``LogisticRegression(C=c)`` corresponds to ``alpha=1/(c n)``, ``SGDClassifier(alpha=a)`` to
        ``alpha=a``.
    l1_ratio : float, default=0.15
        Fraction of the l1 penalty, between 0 and 1. Only used when ``penalty="elasticnet"``.
    fit_intercept : bool, default=True
        Whether to fit an intercept. If False, the model passes through the origin.
    positive : bool, default=False
        If True, constrain the coefficients to be non-negative.
    penalty_weights : array-like of shape (d,) or dict, default=None
        Factor of the penalty of each feature, at least 0; a feature of weight 0 is not penalised. A
        dict has column names as keys; columns that it does not name have a weight of 1. With
        :class:`~sklearn_gd.penalties.GroupLasso`, one weight for each group, in the order of the
        sorted labels, or a dict by label. Only for penalties that are sums over features or groups.
    lower : float, array-like of shape (d,) or dict, default=None
        Lower bounds of the coefficients, in raw units: one number for all features, or one for
        each. A dict has column names as keys; columns that it does not name have no bound. Only for
        smooth penalties, "l1" and "elasticnet".
    upper : float, array-like of shape (d,) or dict, default=None
        Upper bounds, as ``lower``.
    standardize : bool, default=False
        Whether the penalty acts as if every feature had been divided by its standard deviation.
        ``coef_`` is in raw units either way.
    class_weight : dict, "balanced" or None, default=None
        Factors for the weights of the rows of each class. "balanced" gives every class the same
        total weight.
    solver : str or Solver, default="auto"
        Optimization algorithm: the name of a solver in :data:`sklearn_gd.solvers.SOLVERS`, or a
        :class:`~sklearn_gd.solvers.Solver` to change its parameters. "auto" chooses by loss,
        penalty, storage and shape; ``solver_`` is the choice.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        Learning rate of solvers that use one.

        - "auto": derived from the curvature of the objective where it has a bound.
        - a number: constant.
        - a name in :data:`sklearn_gd.schedules.SCHEDULES`: a schedule that starts at the "auto"
          rate.
        - a :class:`~sklearn_gd.schedules.Schedule`, or a function of a
          :class:`~sklearn_gd.schedules.Clock`.

        Ignored by ``fit``, like ``batch_size`` and ``average``, when ``solver="auto"``.
    batch_size : "auto" or int, default="auto"
        Number of rows in a batch. Only used by stochastic solvers. "auto" is n / 20 between 64 and
        200 (n / 5 for "normalized-adagrad", from 1 on for "svrg" and "saga").
    shuffle : bool, default=True
        Whether to shuffle the rows before each pass. Only used by stochastic solvers.
    average : bool, default=False
        If True, return the average of the iterates after the first pass (Polyak-Ruppert averaging).
        Only used by stochastic solvers.
    max_iter : int, default=1000
        Maximum number of iterations, each of which makes at least one pass over the data.
    tol : float, default=1e-8
        Tolerance of the relative gap to the optimum: converged means ``optimality_ <= tol``,
        whatever the units of X and y. 0 runs exactly ``max_iter`` iterations.
    max_time : float or None, default=None
        Time limit for ``fit``, in seconds. None means no limit.
    early_stopping : bool, default=False
        Whether to stop when the validation score has not improved in ``n_iter_no_change``
        iterations. The parameters with the best score are kept.
    scoring : str, callable or None, default=None
        Validation score for ``early_stopping``, greater is better: the name of a scorer or a
        function ``scorer(estimator, X, y)``. None is minus the weighted mean loss.
    validation_fraction : float, default=0.1
        Fraction of the training rows held out for early stopping. The split is stratified by class.
    n_iter_no_change : int, default=5
        Number of iterations without a better validation score that end a fit with
        ``early_stopping``, and length of a plateau for ``learning_rate="adaptive"``.
    warm_start : bool, default=False
        Whether to start from the result of the last fit, if the shapes still agree.
    random_state : int, RandomState or None, default=None
        Seed for shuffles and splits. Pass an int for reproducible fits.
    verbose : int or bool, default=0
        Print progress every ``verbose`` iterations. 0 and False are silent. True updates one line
        in a terminal or notebook, and prints a line for each iteration elsewhere.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels in ascending order; for a 0/1 matrix y the numbers of its columns.
    coef_ : ndarray of shape (1, d) for two classes, (K, d) otherwise
        Coefficients, in log-odds per unit of X.
    intercept_ : ndarray of shape (1,) or (K,)
        In log-odds; 0 without ``fit_intercept``.
    n_iter_ : int
        Number of iterations of the last fit.
    t_ : int
        Total number of parameter updates.
    solver_ : Solver
        The solver that ``solver`` resolved to.
    objective_ : float
        Objective of the fitted parameters; after ``partial_fit``, on the rows of the last call.
    optimality_ : float
        Estimated relative gap to the optimum, between 0 and 1: twice the Newton decrement divided
        by the objective. NaN if it was not evaluated, as after ``partial_fit`` or stochastic passes
        with ``tol=0``.
    converged_ : bool
        Whether ``tol``, early stopping or the limit of precision ended the fit.
    stop_reason_ : str
        Why the fit ended, in a sentence.
    stop_code_ : str
        The same as a word: "converged", "precision", "validation", "max_iter", "max_time",
        "diverged", "stalled", "callback", "interrupted", "no_finite_optimum" or "rate_cut".
    loss_curve_ : list of float
        Objective of the initial parameters and after each iteration.
    history_ : dict of lists
        "objective", "optimality", "step_size", "passes", "rounds" and "seconds" at the start and
        after each iteration; under ``partial_fit`` the last 1,000.
    validation_scores_ : list of float or None
        Validation scores of the initial parameters and after each iteration, with early stopping.
    best_validation_score_ : float or None
        The largest of these.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Names of the features, if X has string column names.

    See Also
    --------
    GDSoftmaxClassifier : One model of all classes together, as LogisticRegression has it.
    GDLinearClassifier : The same with other losses, such as that of a support vector machine.
    sklearn.linear_model.LogisticRegression : The same objective, with ``C``.

    References
    ----------
    Nocedal (1980), "Updating quasi-Newton matrices with limited storage"; Böhning and Lindsay
    (1988), "Monotonicity of quadratic-approximation algorithms".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_gd import GDLogisticClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GDLogisticClassifier().fit(X, y)
    >>> round(model.score(X, y), 3), model.converged_
    (0.974, True)
    """

    _rules: ClassVar[dict[str, Rule]] = LinearEstimator._rules | CLASSIFIER_RULES
    _multiclass = OneVsRest
    _multilabel = Multilabel

    def _counterpart(self, origin):
        fitted = (self.coef_, self.intercept_)
        if isinstance(self._coding, Multilabel):
            return multilabel(origin, *fitted)
        if len(self.classes_) == 2:
            return logistic_regression(origin, *fitted, self.classes_)
        return one_vs_rest(origin, *fitted, self.classes_, self.t_)

    def __init__(
        self,
        *,
        penalty: PenaltyLike = "l2",
        alpha: float = 1e-4,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        positive: bool = False,
        penalty_weights: PerFeature = None,
        lower: PerFeature = None,
        upper: PerFeature = None,
        standardize: bool = False,
        class_weight: ClassWeight = None,
        solver: SolverLike = "auto",
        learning_rate: LearningRate = "auto",
        batch_size: int | str = "auto",
        shuffle: bool = True,
        average: bool = False,
        max_iter: int = 1000,
        tol: float = 1e-8,
        max_time: float | None = None,
        early_stopping: bool = False,
        scoring: Scoring = None,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.penalty_weights = penalty_weights
        self.lower = lower
        self.upper = upper
        self.standardize = standardize
        self.class_weight = class_weight
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
