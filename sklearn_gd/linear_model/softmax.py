"""Softmax regression."""

from dataclasses import replace
from typing import ClassVar

from sklearn_gd._classifier import CLASSIFIER_RULES, Classifier
from sklearn_gd._targets import Multinomial
from sklearn_gd._validation import Rule
from sklearn_gd.linear_model._base import LinearEstimator
from sklearn_gd.penalties import L2, NoPenalty, Standardized


class GDSoftmaxClassifier(Classifier, LinearEstimator):
    r"""Multinomial logistic (softmax) regression by gradient descent.

    Minimises over coefficients W and intercepts b

    .. math:: \frac1S \sum_i s_i \left[\log\sum_l e^{raw_{il}} - raw_{i y_i}\right]
        + alpha \cdot penalty(W), \quad raw_i = x_i W + b

    with sample weights :math:`s_i`, :math:`S = \sum_i s_i`. Two classes are one column of log-odds:
    the same model as :class:`GDLogisticClassifier`.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"}, Penalty or None, default="l2"
        What is added to the mean loss; biases are never penalised.
    alpha : float, default=1e-4
        Strength of the penalty, beside the *mean* loss: the same for every number of rows, solver
        and batch size. ``LogisticRegression(C=c)`` is ``alpha=1/(c n)``,
        ``SGDClassifier(alpha=a)`` is ``alpha=a``.
    l1_ratio : float, default=0.15
        Share of the absolute part for ``penalty="elasticnet"``.
    fit_intercept : bool, default=True
        Without, raw predictions pass through the origin.
    positive : bool, default=False
        No coefficient below zero.
    standardize : bool, default=False
        The penalty acts as if features had been divided by their standard deviation; ``coef_`` is
        in raw units all the same.
    class_weight : dict, "balanced" or None, default=None
        Factor of the weight of the rows of each class; "balanced" gives all classes equal weight.
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
        Share of rows held out for early stopping, from each class alike.
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
    classes_ : ndarray of shape (K,)
        Labels in ascending order.
    coef_ : ndarray of shape (1, d) for two classes, (K, d) otherwise
        In log-odds over the units of X. With penalty None or "l2" they add up to zero over classes:
        only differences between classes matter.
    intercept_ : ndarray of shape (1,) or (K,)
        In log-odds; 0 without ``fit_intercept``.
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
    GDLogisticClassifier : One model for each class.
    sklearn.linear_model.LogisticRegression : The same objective, with ``C``.

    References
    ----------
    Böhning (1992), "Multinomial logistic regression algorithm"; Nash and Sofer (1990), "Assessing a
    search direction within a truncated-Newton method".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier().fit(X, y)
    >>> model.score(X, y), model.converged_
    (1.0, True)
    """

    _rules: ClassVar[dict[str, Rule]] = LinearEstimator._rules | CLASSIFIER_RULES
    _multiclass = Multinomial

    def _canonical(self, objective, result):
        """Only differences between classes matter: their mean is taken off if unseen."""
        model, penalty = objective.model, objective.penalty
        if model.n_outputs == 1:
            return result
        params = result.params.copy()
        (w,), biases = model.unpack(params)
        inner = penalty.penalty if isinstance(penalty, Standardized) else penalty
        if isinstance(inner, (L2, NoPenalty)):
            w -= w.mean(axis=1, keepdims=True)
        for bias in biases:
            bias -= bias.mean()
        # what is shared by all classes is seen by the penalty alone
        change = objective.penalty_value(params) - objective.penalty_value(result.params)
        return replace(result, params=params, value=result.value + change)

    def __init__(
        self,
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        positive=False,
        standardize=False,
        class_weight=None,
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
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.positive = positive
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
