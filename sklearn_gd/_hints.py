"""What other libraries call what is here under another name, for messages of errors."""

import difflib
from collections.abc import Iterable

MAX_ITER = "Use max_iter."
VALIDATION = "Pass X_val and y_val to fit, with early_stopping=True."
ALPHA = "Use alpha, with penalty='l2' or another."
RATE = "Use learning_rate: a number, a name or an object of sklearn_gd.schedules."
BALL = "It belongs to a solver: solver=Momentum(momentum=...) or Nesterov(momentum=...)."
ADAM = "It belongs to a solver: solver=Adam(beta_1=..., beta_2=...)."
ALPHAS = "Use GDPathCV(estimator, alphas=...), or regularization_path."
DISTRIBUTION = "Use loss, as in loss='gamma', or loss=Tweedie(power=...)."
NONE = "It has no counterpart here."

# Parameters of constructors and methods.
PARAMETERS = {
    "C": "Use alpha=1 / (C * n), n the number of rows or the sum of sample_weight.",
    "Cs": ALPHAS,
    "alphas": ALPHAS,
    "lambda_": ALPHA,
    "reg_lambda": ALPHA,
    "reg_alpha": ALPHA,
    "weight_decay": "Use alpha, or solver=AdamW(weight_decay=...).",
    "n_jobs": "It is not needed: all outputs are fitted in one pass, and threads follow BLAS.",
    "learning_rate_init": RATE,
    "eta0": RATE,
    "eta": RATE,
    "lr": RATE,
    "step_size": RATE,
    "power_t": "Use learning_rate=PowerDecay(rate=..., power=...) of sklearn_gd.schedules.",
    "momentum": BALL,
    "nesterovs_momentum": "Use solver='nesterov', or 'momentum'.",
    "beta_1": ADAM,
    "beta_2": ADAM,
    "epsilon": "It belongs to a loss or solver: loss=EpsilonInsensitive(epsilon=...), "
    "loss=Huber(delta=...), solver=Adam(epsilon=...).",
    "delta": "It belongs to a loss: loss=Huber(delta=...).",
    "quantile": "It belongs to a loss: loss=Quantile(quantile=...).",
    "power": DISTRIBUTION,
    "family": DISTRIBUTION,
    "distribution": DISTRIBUTION,
    "loss": "It has one loss; GDLinearClassifier and GDLinearRegressor have others.",
    "objective": "Use loss.",
    "criterion": "Use loss.",
    "multi_class": "GDSoftmaxClassifier is multinomial, GDLogisticClassifier one-vs-rest.",
    "dual": NONE,
    "intercept_scaling": "It is not needed: the intercept is never penalised.",
    "normalize": "Use standardize=True.",
    "precompute": "It is not needed.",
    "selection": NONE,
    "copy_X": "It is not needed: X is never written to.",
    "nonnegative": "Use positive=True.",
    "n_iter": MAX_ITER,
    "num_iterations": MAX_ITER,
    "n_estimators": MAX_ITER,
    "epochs": MAX_ITER,
    "n_epochs": MAX_ITER,
    "max_epochs": MAX_ITER,
    "max_fun": MAX_ITER,
    "patience": "Use n_iter_no_change, with early_stopping=True.",
    "early_stopping_rounds": "Use n_iter_no_change, with early_stopping=True.",
    "eval_set": VALIDATION,
    "validation_data": VALIDATION,
    "valid_sets": VALIDATION,
    "validation_split": "Use validation_fraction, with early_stopping=True.",
    "eval_metric": "Use scoring.",
    "metrics": "Use scoring.",
    "callbacks": "Use set_callbacks, which scikit-learn 1.9 has, or verbose.",
    "optimizer": "Use solver.",
    "seed": "Use random_state.",
    "hidden_layers": "Use hidden_layer_sizes.",
    "hidden_units": "Use hidden_layer_sizes.",
    "dropout_rate": "Use dropout.",
    "scale_pos_weight": "Use class_weight.",
    "sample_weights": "Use sample_weight.",
    "weights": "Use sample_weight.",
    "exposure": "Pass offset=numpy.log(exposure) to fit, or rates as y with "
    "sample_weight=exposure.",
}
# Names that scikit-learn's and others' estimators give to values.
VALUES = {
    "none": "Use None.",
    "invscaling": "Its counterpart is PowerDecay(rate=..., power=0.5) of sklearn_gd.schedules.",
    "optimal": "Its counterpart is InverseScaling(t0=..., t1=...) of sklearn_gd.schedules.",
    "squared_epsilon_insensitive": "It has no counterpart here.",
    "liblinear": "Use 'auto'.",
    "newton-cholesky": "Its counterpart is GradientDescent(metric='curvature'), or 'auto'.",
    "sag": "Use 'saga', or 'auto'.",
    "cholesky": "Use 'auto'.",
    "svd": "Use 'auto'.",
    "lsqr": "Use 'auto'.",
    "ridge": "Use 'l2'.",
    "lasso": "Use 'l1'.",
    "elastic_net": "Use 'elasticnet'.",
}
# The same, by any of the names that stand for one of ours.
ALIASES = {
    "squared_error": ("mse", "mean_squared_error", "squared_loss", "l2", "gaussian", "normal"),
    "absolute_error": ("mae", "mean_absolute_error", "l1", "lad"),
    "quantile": ("pinball", "pinball_loss"),
    "log_loss": ("log", "logistic", "bce", "binary_crossentropy", "cross_entropy", "deviance"),
    "silu": ("swish",),
    "logistic": ("sigmoid",),
    "identity": ("linear", "none"),
}


def suggestion(value: object, names: Iterable[str]) -> str:
    """What an unknown name is called here, or may have meant; empty where nothing is near."""
    options = list(names)
    words = value if isinstance(value, (list, tuple)) else [value]
    unknown = next((w for w in words if isinstance(w, str) and w not in options), "")
    ours = (name for name, others in ALIASES.items() if unknown.lower() in others)
    alias = next((name for name in ours if name in options), None)
    if alias is not None:
        return f" Use {alias!r}."
    if unknown.lower() in VALUES:
        return f" {VALUES[unknown.lower()]}"
    return _nearest(unknown, options)


def of_parameter(unknown: str, names: Iterable[str]) -> str:
    """What takes the place of a parameter that does not exist; empty where nothing is known."""
    if unknown in PARAMETERS:
        return f" {PARAMETERS[unknown]}"
    return _nearest(unknown, list(names))


def _nearest(unknown: str, options: list[str]) -> str:
    close = difflib.get_close_matches(unknown, options, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
