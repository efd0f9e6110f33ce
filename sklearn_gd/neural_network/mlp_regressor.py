"""Neural network regression."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from sklearn_gd._estimators.annotations import (
    Activations,
    LearningRate,
    LossLike,
    OfEachLayer,
    PenaltyLike,
    RandomState,
    Scoring,
    SolverLike,
)
from sklearn_gd._estimators.regressor import REGRESSOR_RULES, Regressor
from sklearn_gd._estimators.to_sklearn import network_regressor
from sklearn_gd._validation import Rule
from sklearn_gd.losses import LOSSES, MoreauEnvelope
from sklearn_gd.losses.standardized import StandardizedTarget
from sklearn_gd.neural_network._base import NetworkEstimator
from sklearn_gd.neural_network._target_units import target_units


class GDMLPRegressor(Regressor, NetworkEstimator):
    r"""Multilayer perceptron regressor by gradient descent.

    Minimises over weights :math:`W_1 \dots W_L` and biases

    .. math:: \frac1S \sum_i s_i\,loss(y_i, raw_i) + \sum_l alpha_l \cdot penalty(W_l),
        \quad raw = W_L^T h_{L-1}(\dots h_1(W_1^T x + b_1) \dots) + b_L

    with sample weights :math:`s_i`, :math:`S = \sum_i s_i`. Several targets (y of shape
    (n, k)) share the hidden layers.

    Under ``standardize=True`` the network learns each target j in units of its weighted mean
    :math:`m_j` and standard deviation :math:`\sigma_j`:

    .. math:: \frac1S \sum_i s_i \sum_j \frac{loss(y_{ij},\, m_j + \sigma_j z_{ij})}{u_j}
        + \sum_l alpha_l \cdot penalty(W_l), \qquad
        u_j = \frac2S \sum_i s_i\,loss(y_{ij},\, constant_j)

    with z the output of the network and the best constant of each target. The loss is computed in
    the units of y, and so ``delta`` and ``epsilon`` are in these units. Therefore neither the fit
    nor the effect of ``alpha`` nor ``objective_`` depends on the units of y, and several targets of
    different scales get the same weight, where otherwise the largest would dominate. For squared
    error u is :math:`\sigma^2`: the objective is that of standardized targets. With a log link m =
    0 and :math:`\sigma` = 1. For a constant target, :math:`\sigma` = 1. ``coefs_`` and
    ``intercepts_`` nevertheless predict in the units of y.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        The loss of a row, by name or as an object of :mod:`sklearn_gd.losses`, your own included.

        - "squared_error", "huber", "log_cosh", "absolute_error", "epsilon_insensitive": numbers.
        - "quantile", "expectile": numbers, of which a quantile or an expectile is predicted.
        - "poisson": counts and rates, y >= 0; predictions are exp(raw), as with the next three.
        - "gamma", "inverse_gaussian": amounts, y > 0.
        - "tweedie": sums of amounts, of which some are 0.
    hidden_layer_sizes : tuple of int, default=(100,)
        Number of units of each hidden layer.
    activation : str, Activation or sequence of these, default="relu"
        Functions h of the hidden units, one for all layers or one for each: "relu", "leaky_relu",
        "elu", "gelu", "silu", "softplus", "tanh", "logistic", "identity", an object of
        :mod:`sklearn_gd.models.activations`, or your own. The scale of the initial weights depends
        on them.
    dropout : float or sequence of float, default=0.0
        Fraction of hidden units that are switched off at random in each training batch, in [0, 1),
        for all layers or for each; the remaining units are scaled by 1 / (1 - dropout). Predictions
        use all units.
    penalty : {"l2", "l1", "elasticnet", "mcp", "slope"}, Penalty or None, default="l2"
        Penalty added to the mean loss. Intercepts are not penalised.
    alpha : float or sequence of float, default=1e-4
        Regularization strength. It multiplies the penalty, which is added to the *mean* loss, so
        its meaning does not depend on the number of rows, the solver or the batch size.
        One number for all weight matrices, or one for each; with ``standardize`` they act on
        weights of standardized features and targets. With squared error, ``MLPRegressor(alpha=a)``
        on full batches of standardized X and y corresponds to ``alpha=a/n``; its mini-batches
        divide by the batch size instead.
    l1_ratio : float, default=0.15
        Fraction of the l1 penalty, between 0 and 1. Only used when ``penalty="elasticnet"``.
    standardize : bool, default=True
        The network sees features and targets with their weighted mean subtracted and divided by
        their standard deviation; ``coefs_`` applies to raw ones all the same. ``partial_fit`` and
        ``warm_start`` keep the units of the first rows.
    max_norm : float or None, default=None
        Maximum norm of the gradient of a batch; longer gradients are scaled down to it. None means
        no limit.
    solver : str or Solver, default="auto"
        Optimization algorithm: the name of a solver in :data:`sklearn_gd.solvers.SOLVERS`, or a
        :class:`~sklearn_gd.solvers.Solver` to change its parameters. "auto" is Adam.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        Learning rate of solvers that use one.

        - "auto": derived from the curvature of the objective where it has a bound.
        - a number: constant.
        - a name in :data:`sklearn_gd.schedules.SCHEDULES`: a schedule that starts at the "auto"
          rate.
        - a :class:`~sklearn_gd.schedules.Schedule`, or a function of a
          :class:`~sklearn_gd.schedules.Clock`.
    batch_size : "auto" or int, default="auto"
        Number of rows in a batch. Only used by stochastic solvers. "auto" is n / 20 between 64 and
        200.
    shuffle : bool, default=True
        Whether to shuffle the rows before each pass. Only used by stochastic solvers.
    average : bool, default=False
        If True, return the average of the iterates after the first pass (Polyak-Ruppert averaging).
        Only used by stochastic solvers.
    max_iter : int, default=200
        Maximum number of iterations, each of which makes at least one pass over the data.
    tol : float, default=1e-4
        Converged when the objective has fallen by less than ``tol`` of its initial value in
        ``n_iter_no_change`` iterations. 0 runs exactly ``max_iter`` iterations.
    max_time : float or None, default=None
        Time limit for ``fit``, in seconds. None means no limit.
    early_stopping : bool, default=False
        Whether to stop when the validation score has not improved in ``n_iter_no_change``
        iterations. The parameters with the best score are kept.
    scoring : str, callable or None, default=None
        Validation score for ``early_stopping``, greater is better: the name of a scorer or a
        function ``scorer(estimator, X, y)``. None is minus the weighted mean loss.
    validation_fraction : float, default=0.1
        Fraction of the training rows held out for early stopping.
    n_iter_no_change : int, default=10
        Number of iterations without progress that end a fit: of the objective, or of the validation
        score with ``early_stopping``. Length of a plateau for ``learning_rate="adaptive"``.
    warm_start : bool, default=False
        Whether to start from the result of the last fit, if the shapes still agree.
    random_state : int, RandomState or None, default=None
        Seed for shuffles and splits. Pass an int for reproducible fits.
    verbose : int or bool, default=0
        Print progress every ``verbose`` iterations. 0 and False are silent. True updates one line
        in a terminal or notebook, and prints a line for each iteration elsewhere.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weight matrices, from the features on, shaped (inputs, outputs) as in MLPRegressor.
    intercepts_ : list of ndarray
        Bias vectors, likewise.
    n_layers_ : int
        Hidden layers, plus input and output.
    n_outputs_ : int
        Targets.
    out_activation_ : str
        From raw predictions to targets: "identity", or "exp" for losses with a log link.
    n_iter_ : int
        Number of iterations of the last fit.
    t_ : int
        Total number of parameter updates.
    solver_ : Solver
        The solver that ``solver`` resolved to.
    objective_ : float
        Objective of the fitted parameters; after ``partial_fit``, on the rows of the last call.
    optimality_ : float
        By how much the objective last fell below its lowest value, relative to its initial value.
        NaN if it was not evaluated, as after ``partial_fit`` or with ``tol=0``.
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
    sklearn.neural_network.MLPRegressor : The same for scaled features and targets, without dropout.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors";
    Kingma and Ba (2015), "Adam"; Glorot and Bengio (2010), "Understanding the difficulty of
    training deep feedforward neural networks"; He et al. (2015), "Delving deep into rectifiers";
    Srivastava et al. (2014), "Dropout".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDMLPRegressor(alpha=0.01, solver="lbfgs", random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.5)
    True
    """

    _rules: ClassVar[dict[str, Rule]] = NetworkEstimator._rules | REGRESSOR_RULES
    _components: ClassVar = NetworkEstimator._components | {"loss": LOSSES}

    def _model_and_loss(self, source, previous):
        model, loss = super()._model_and_loss(source, previous)
        if not self.standardize:
            return model, loss
        is_known = previous is not None and previous.model.is_like(model)
        loss = self._standardized_loss(source, previous.loss if is_known else None)
        return replace(model, target_center=loss.center, target_std=loss.std), loss

    def _standardized_loss(self, source, known):
        """In the units of the previous fit, which the state of its solver is in."""
        loss = self._coding.loss
        if isinstance(known, MoreauEnvelope):
            known = known.loss
        if not (
            isinstance(known, StandardizedTarget) and len(known.unit) == self._coding.n_outputs
        ):
            return target_units(loss, source)
        is_same = type(known.loss) is type(loss)
        unit = known.unit if is_same else target_units(loss, source).unit
        return replace(known, loss=loss, unit=unit)

    def _counterpart(self, origin):
        return network_regressor(origin, self._layers(), self._coding.loss)

    def __init__(
        self,
        *,
        loss: LossLike = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Activations = "relu",
        dropout: OfEachLayer = 0.0,
        penalty: PenaltyLike = "l2",
        alpha: OfEachLayer = 1e-4,
        l1_ratio: float = 0.15,
        standardize: bool = True,
        max_norm: float | None = None,
        solver: SolverLike = "auto",
        learning_rate: LearningRate = "auto",
        batch_size: int | str = "auto",
        shuffle: bool = True,
        average: bool = False,
        max_iter: int = 200,
        tol: float = 1e-4,
        max_time: float | None = None,
        early_stopping: bool = False,
        scoring: Scoring = None,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.standardize = standardize
        self.max_norm = max_norm
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
