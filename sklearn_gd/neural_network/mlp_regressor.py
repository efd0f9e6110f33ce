"""Neural network regression."""

from dataclasses import replace
from typing import ClassVar

from sklearn_gd._regressor import REGRESSOR_RULES, Regressor
from sklearn_gd._validation import Rule
from sklearn_gd.losses import LOSSES
from sklearn_gd.losses.standardized import StandardizedTarget
from sklearn_gd.neural_network._base import NetworkEstimator
from sklearn_gd.neural_network._targets import standardized


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

    with z the output of the network and the best constant of each target. The loss sees y in its
    own units, and so do its ``delta`` and ``epsilon``. Neither the path nor ``alpha`` nor
    ``objective_`` then depends on the units of y, and targets of different scales are learnt
    alike, which a loss in the units of y would leave to the largest. For squared error u is
    :math:`\sigma^2`: the objective is that of standardized targets. Behind a link (Poisson) the
    prediction has units of its own, so m = 0 and :math:`\sigma` = 1 there. Targets that
    do not vary have units of 1. ``coefs_`` and ``intercepts_`` predict in units of y all the same.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        The loss of a row: "squared_error", "huber", "absolute_error", "quantile",
        "epsilon_insensitive", "poisson", or an object of :mod:`sklearn_gd.losses`, your own
        included.
    hidden_layer_sizes : tuple of int, default=(100,)
        Units of each hidden layer.
    activation : str, Activation or sequence of these, default="relu"
        Functions h of the hidden units, one for all layers or one for each: "relu", "leaky_relu",
        "elu", "gelu", "silu", "softplus", "tanh", "logistic", "identity", or an object of
        :mod:`sklearn_gd.models.activations`, your own included. Initial weights fit them.
    dropout : float or sequence of float, default=0.0
        Share of hidden units switched off at random in each training batch, in [0, 1), of all
        layers or of each; the others are louder by as much, and predictions use all units.
    penalty : {"l2", "l1", "elasticnet"}, Penalty or None, default="l2"
        What is added to the mean loss; biases are never penalised.
    alpha : float or sequence of float, default=1e-4
        Strength of the penalty on weights of standardized features and targets, one for all weight
        matrices or one for each, beside the *mean* loss: the same for every number of rows, solver,
        batch size and units. With squared error, ``MLPRegressor(alpha=a)`` on full batches of
        standardized X and y is ``alpha=a/n``; its mini-batches divide by the batch size instead.
    l1_ratio : float, default=0.15
        Share of the absolute part for ``penalty="elasticnet"``.
    standardize : bool, default=True
        The network sees features and targets with their weighted mean subtracted and divided by
        their standard deviation; ``coefs_`` applies to raw ones all the same. ``partial_fit`` and
        ``warm_start`` keep the units of the first rows.
    max_norm : float or None, default=None
        Gradients of batches longer than this are cut to it.
    solver : str or Solver, default="auto"
        How to walk down: a name of :data:`sklearn_gd.solvers.SOLVERS`, or an object where the
        defaults of the name will not do. "auto" is Adam.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        For solvers that use one: a number, a name of :data:`sklearn_gd.schedules.SCHEDULES`, an
        object, or a function of a :class:`~sklearn_gd.schedules.Clock`. "auto" is what suits the
        solver: for Adam 0.005 at first, then falling to 0.0005; 0.1 for SGD.
    batch_size : "auto" or int, default="auto"
        Rows in a batch of a stochastic solver; "auto" is n / 20 between 64 and 200.
    shuffle : bool, default=True
        Another order of rows in each pass of a stochastic solver.
    average : bool, default=False
        Return the average of a stochastic solver's path, its first pass left out.
    max_iter : int, default=200
        Most iterations; an iteration visits all rows at least once.
    tol : float, default=1e-4
        Converged when the objective did not fall by this share of its start in
        ``n_iter_no_change`` iterations. 0 runs ``max_iter`` iterations.
    max_time : float or None, default=None
        Most seconds of a fit; None: no limit.
    early_stopping : bool, default=False
        Stop when the validation score has not improved in ``n_iter_no_change`` iterations, and
        return the best model met.
    scoring : str, callable or None, default=None
        Validation score, greater is better; None is minus the weighted mean loss, in the units
        of the objective.
    validation_fraction : float, default=0.1
        Share of rows held out for early stopping.
    n_iter_no_change : int, default=10
        Iterations without improvement that end a fit, and length of a plateau for
        ``learning_rate="adaptive"``.
    warm_start : bool, default=False
        Begin the next fit where the last one ended, if shapes and activations still agree.
    random_state : int, RandomState or None, default=None
        For initial weights, shuffles, splits and dropout; an int makes fits repeatable.
    verbose : int or bool, default=0
        Print a line every so many iterations; 0 or False: none.

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
        From raw predictions to targets: "identity", or "exp" for Poisson.
    n_iter_ : int
        Iterations of the last fit.
    t_ : int
        Updates of the parameters.
    solver_ : Solver
        What was used.
    objective_ : float
        Objective at the result; after ``partial_fit`` that of the last rows.
    optimality_ : float
        Share of its start by which the objective last fell below its lowest; infinite where nothing
        looked, as after ``partial_fit`` or with ``tol=0``.
    converged_ : bool
        Whether ``tol``, early stopping or the limit of precision ended the fit.
    stop_reason_ : str
        Why the fit ended, in a sentence.
    loss_curve_ : list of float
        Objective at the start and after each iteration; a stochastic solver's start is estimated
        from 4,096 rows where there are more.
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

    def _build_model(self, rows, previous):
        model = super()._build_model(rows, previous)
        if not self.standardize:
            self._network_loss = self._loss
            return model
        goes_on = previous is not None and previous.model.is_like(model)
        self._network_loss = self._standardized_loss(rows, previous if goes_on else None)
        center, spread = self._network_loss.center, self._network_loss.spread
        return replace(model, target_center=center, target_spread=spread)

    def _standardized_loss(self, rows, previous):
        """In the units of the previous fit, which the state of its solver is in."""
        known = None if previous is None else vars(self).get("_network_loss")
        if not (isinstance(known, StandardizedTarget) and len(known.unit) == self._n_outputs):
            return standardized(self._loss, rows)
        is_same = type(known.loss) is type(self._loss)
        unit = known.unit if is_same else standardized(self._loss, rows).unit
        return replace(known, loss=self._loss, unit=unit)

    @property
    def _training_loss(self):
        return self._network_loss

    def _stages(self, rows):
        loss = self._network_loss
        return super()._stages(
            rows if loss is self._loss else rows._replace(y=rows.y / loss.spread)
        )

    def __init__(
        self,
        *,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        dropout=0.0,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        standardize=True,
        max_norm=None,
        solver="auto",
        learning_rate="auto",
        batch_size="auto",
        shuffle=True,
        average=False,
        max_iter=200,
        tol=1e-4,
        max_time=None,
        early_stopping=False,
        scoring=None,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
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
