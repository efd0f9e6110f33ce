"""Fitted models as estimators of scikit-learn, for tools that know no other classes.

scikit-learn's estimators are imported inside the functions that make them: ``import sklearn_gd``
needs none of them, and stays quick.
"""

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklearn_gd.losses import (
    CLASSIFIER_LOSSES,
    Gamma,
    InverseGaussian,
    Loss,
    MoreauEnvelope,
    Poisson,
    Tweedie,
)
from sklearn_gd.losses.offset import WithOffset
from sklearn_gd.models.activations import Identity, ReLU, Sigmoid, Tanh

# what scikit-learn's networks call the activations that they have
ACTIVATIONS = {Identity: "identity", Sigmoid: "logistic", Tanh: "tanh", ReLU: "relu"}
# the penalties that have the same name and meaning there
SHARED_PENALTIES = ("l2", "l1", "elasticnet")
KEEP_IT = "The model itself can be saved by pickle, joblib or skops."


class Origin(NamedTuple):
    """What a counterpart takes from any estimator."""

    name: str
    params: dict[str, Any]
    # n_features_in_ and, where X had names, feature_names_in_
    features: dict[str, Any]
    n_iter: int

    def same(self, *names) -> dict:
        """Copies of the parameters that scikit-learn has under the same name."""
        return {name: deepcopy(self.params[name]) for name in names}

    def none(self, reason: str, remedy: str = "") -> ValueError:
        """The error that says why there is no counterpart."""
        sentences = [f"{self.name} has no counterpart in scikit-learn: {reason}.", remedy, KEEP_IT]
        return ValueError(" ".join(filter(None, sentences)))


class ToSklearn:
    """An estimator that can be converted to one of scikit-learn."""

    n_iter_: int
    get_params: Callable[..., dict[str, Any]]

    def to_sklearn(self) -> Any:
        """Convert the fitted model to the scikit-learn estimator with the same predictions.

        For tools that only know the classes of scikit-learn, such as converters to ONNX or
        to other programming languages. The result is

        - :class:`~sklearn.linear_model.LogisticRegression` for two classes and for softmax;
        - :class:`~sklearn.linear_model.SGDClassifier` with the same loss for one-vs-rest, and for
          GDLinearClassifier in any case;
        - :class:`~sklearn.multiclass.OneVsRestClassifier` of one of these for multilabel y;
        - :class:`~sklearn.linear_model.LinearRegression`, or with a log link
          :class:`~sklearn.linear_model.PoissonRegressor`,
          :class:`~sklearn.linear_model.GammaRegressor` or
          :class:`~sklearn.linear_model.TweedieRegressor`, for several targets in a
          :class:`~sklearn.multioutput.MultiOutputRegressor`;
        - :class:`~sklearn.neural_network.MLPClassifier` or
          :class:`~sklearn.neural_network.MLPRegressor`, with ``standardize`` part of the weights;
          its loss is "poisson" for every log link.

        It is a copy that is independent of this estimator, and is meant for predictions.
        Parameters that mean the same in both are taken over, such as ``fit_intercept``,
        ``class_weight`` and ``hidden_layer_sizes``. All others have their defaults; among these are
        the ``C`` of LogisticRegression and the ``alpha`` of MLPClassifier and MLPRegressor, which
        depend on the number of samples: set them before the result is fitted again.

        Returns
        -------
        estimator : object
            A fitted estimator of scikit-learn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If scikit-learn has no such model: other activations than "identity", "logistic", "tanh"
            and "relu", different activations in one network, a loss with an ``inverse_link`` of its
            own, a fit with an offset, and a network with a log link before scikit-learn 1.7.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_gd import GDSoftmaxClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = GDSoftmaxClassifier().fit(X, y)
        >>> model.to_sklearn()
        LogisticRegression()
        >>> bool(abs(model.to_sklearn().predict_proba(X) - model.predict_proba(X)).max() < 1e-12)
        True
        """
        check_is_fitted(self)
        learnt = {
            name: deepcopy(getattr(self, name))
            for name in ("n_features_in_", "feature_names_in_")
            if hasattr(self, name)
        }
        params = self.get_params(deep=False)
        return self._counterpart(Origin(type(self).__name__, params, learnt, self.n_iter_))

    def _counterpart(self, origin: Origin):
        """The fitted estimator of scikit-learn; a ValueError where there is none."""
        raise origin.none("none is known")


# Linear models


def logistic_regression(origin: Origin, coef, intercept, classes):
    """Two classes by a sigmoid, or more by a softmax."""
    from sklearn.linear_model import LogisticRegression

    params = origin.same("fit_intercept", "class_weight", "warm_start", "random_state")
    if strength_of(origin) == 0:
        # in every version; C=1/(alpha n) would need the number of samples
        params["C"] = np.inf
    return filled(
        LogisticRegression(),
        np.arange(len(classes)),
        LogisticRegression(**params),
        coef_=np.array(coef),
        intercept_=np.array(intercept),
        classes_=np.array(classes),
        n_iter_=np.array([origin.n_iter], dtype=np.int32),
        **origin.features,
    )


def one_vs_rest(origin: Origin, coef, intercept, classes, n_updates, loss="log_loss"):
    """Each class against all others, or one of two; probabilities are made to add up to one."""
    from sklearn.linear_model import SGDClassifier

    params = origin.same("fit_intercept", "class_weight", "warm_start", "random_state")
    strength = strength_of(origin)
    if strength == 0:
        params["penalty"] = None
    elif strength is not None:
        params |= origin.same("penalty", "alpha", "l1_ratio")
    return filled(
        # its own generator, as the default draws from numpy's
        SGDClassifier(loss=loss, max_iter=1, tol=None, random_state=0),
        np.arange(len(classes)),
        SGDClassifier(loss=loss, **params),
        # in the order that its compiled loops need for partial_fit
        coef_=np.array(coef, order="C"),
        intercept_=np.array(intercept),
        classes_=np.array(classes),
        n_iter_=origin.n_iter,
        # it counts from one
        t_=1.0 + n_updates,
        **origin.features,
    )


def name_of_loss(origin: Origin, loss: Loss) -> str:
    """What SGDClassifier calls a loss of labels."""
    for name, kind in CLASSIFIER_LOSSES.items():
        if type(loss) is kind:
            return name
    raise origin.none(f"SGDClassifier has no loss {loss!r}", f"It has {[*CLASSIFIER_LOSSES]}.")


def multilabel(origin: Origin, coef, intercept, part=logistic_regression):
    """A classifier for each label: ``part`` makes it from one row of coefficients."""
    from sklearn.dummy import DummyClassifier
    from sklearn.multiclass import OneVsRestClassifier

    binary = np.arange(2)
    columns = zip(coef, intercept, strict=True)
    parts = [part(origin, [w], [b], binary) for w, b in columns]
    return filled(
        OneVsRestClassifier(DummyClassifier()),
        np.eye(len(parts), dtype=int),
        OneVsRestClassifier(clone(parts[0])),
        estimators_=parts,
        **origin.features,
    )


def linear_regression(origin: Origin, coef, intercept, loss: Loss):
    """Raw predictions, or their exponential, of one target (d,) or of several (k, d)."""
    if isinstance(loss, WithOffset):
        raise origin.none(
            "it was fitted with an offset",
            "With a log link, fit y divided by the exposure, with a weight of "
            "exposure**(2 - p) for a variance of power p (the exposure for counts).",
        )
    if not link_of(origin, loss):
        return least_squares(origin, coef, intercept)
    if np.ndim(coef) == 1:
        return log_linear_regression(origin, coef, intercept, loss)
    from sklearn.dummy import DummyRegressor
    from sklearn.multioutput import MultiOutputRegressor

    columns = zip(coef, intercept, strict=True)
    parts = [log_linear_regression(origin, w, b, loss) for w, b in columns]
    return filled(
        MultiOutputRegressor(DummyRegressor()),
        np.ones((2, len(parts))),
        MultiOutputRegressor(clone(parts[0])),
        estimators_=parts,
        **origin.features,
    )


def least_squares(origin: Origin, coef, intercept):
    """Predictions that are linear in X, whatever the loss."""
    from sklearn.linear_model import LinearRegression

    return filled(
        LinearRegression(),
        np.zeros(2),
        LinearRegression(**origin.same("fit_intercept", "positive")),
        coef_=np.array(coef),
        intercept_=deepcopy(intercept),
        **origin.features,
    )


def log_linear_regression(origin: Origin, coef, intercept, loss: Loss):
    """Predictions whose logarithm is linear in X."""
    from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor

    params = origin.same("fit_intercept", "warm_start")
    strength = strength_of(origin)
    if strength == 0 or (strength is not None and origin.params["penalty"] == "l2"):
        params["alpha"] = strength
    kind, family = PoissonRegressor, {}
    if isinstance(loss, Gamma):
        kind = GammaRegressor
    elif isinstance(loss, (Tweedie, InverseGaussian)):
        power = 3 if isinstance(loss, InverseGaussian) else loss.power
        kind, family = TweedieRegressor, {"power": power, "link": "log"}
    return filled(
        kind(**family),
        np.ones(2),
        kind(**family, **params),
        coef_=np.array(coef),
        intercept_=deepcopy(intercept),
        n_iter_=origin.n_iter,
        **origin.features,
    )


def strength_of(origin: Origin) -> float | None:
    """``alpha``, where scikit-learn has the penalty under the same name; 0 for no penalty."""
    params = origin.params
    if params["penalty"] is None or params["alpha"] == 0:
        return 0.0
    is_named = isinstance(params["penalty"], str) and params["penalty"] in SHARED_PENALTIES
    is_known = is_named and not params["standardize"] and params["penalty_weights"] is None
    return params["alpha"] if is_known else None


def link_of(origin: Origin, loss: Loss) -> str:
    """How predictions follow from raw ones: "" for as they are, "exp" for their exponential."""
    while isinstance(loss, MoreauEnvelope):
        loss = loss.loss
    links = {Loss.inverse_link: "", Poisson.inverse_link: "exp"}
    link = links.get(type(loss).inverse_link)
    if link is None:
        remedy = "Losses without an inverse_link have a counterpart, and so have those of exp(raw)."
        raise origin.none(f"it has no inverse link like that of loss={loss!r}", remedy)
    return link


# Networks


class Layers(NamedTuple):
    """A fitted network, from raw features to raw predictions."""

    coefs: list
    intercepts: list
    activations: tuple
    n_updates: int
    losses: list[float]


def network_classifier(origin: Origin, layers: Layers, classes, out_activation, is_multilabel):
    """A network whose outputs are labels."""
    from sklearn.neural_network import MLPClassifier

    codes = np.eye(len(classes), dtype=int) if is_multilabel else np.array(classes)
    learnt = {"classes_": np.array(classes), "out_activation_": out_activation}
    return network(origin, layers, MLPClassifier, codes, {}, learnt)


def network_regressor(origin: Origin, layers: Layers, loss: Loss):
    """A network whose outputs are numbers."""
    from sklearn.neural_network import MLPRegressor

    params = {}
    link = link_of(origin, loss)
    if link:
        if "loss" not in MLPRegressor().get_params():
            raise origin.none(
                "MLPRegressor has no log link before scikit-learn 1.7",
                "Install scikit-learn 1.7 or later.",
            )
        params["loss"] = "poisson"
    learnt = {"out_activation_": link or "identity"}
    return network(origin, layers, MLPRegressor, np.zeros(2), params, learnt)


def network(origin: Origin, layers: Layers, kind: type, y, params: dict, learnt: dict):
    """A network of scikit-learn; ``y`` are targets that it knows the kind of its own by."""
    n_iter = origin.n_iter
    sizes = tuple(len(bias) for bias in layers.intercepts)
    params = {
        "hidden_layer_sizes": sizes[:-1],
        "activation": activation_of(origin, layers.activations, kind),
        **origin.same("warm_start", "random_state"),
        **params,
    }
    return filled(
        # "lbfgs" leaves no state of a solver behind: partial_fit makes its own
        kind(hidden_layer_sizes=(1,), solver="lbfgs", max_iter=1, random_state=0),
        y,
        kind(**params),
        coefs_=[np.array(w) for w in layers.coefs],
        intercepts_=[np.array(bias) for bias in layers.intercepts],
        n_layers_=len(sizes) + 1,
        n_outputs_=sizes[-1],
        n_iter_=n_iter,
        t_=layers.n_updates,
        loss_=layers.losses[-1],
        loss_curve_=list(layers.losses[1:]),
        # in the units of its own objective it has met none yet
        best_loss_=np.inf,
        validation_scores_=None,
        best_validation_score_=None,
        **learnt,
        **origin.features,
    )


def activation_of(origin: Origin, activations, kind: type) -> str:
    """What scikit-learn calls the activation of all hidden layers."""
    names: set[Any] = {ACTIVATIONS.get(type(activation)) for activation in activations}
    known = sorted(ACTIVATIONS.values())
    if None in names:
        other = next(each for each in activations if type(each) not in ACTIVATIONS)
        raise origin.none(f"{kind.__name__} has no activation {other!r}", f"It has {known}.")
    if len(names) > 1:
        raise origin.none(
            f"{kind.__name__} has one activation for all hidden layers, not {list(activations)}",
            f"Fit with one of {known}.",
        )
    # without hidden layers there is nothing to activate
    return names.pop() if names else "identity"


def filled(toy, y, unfitted, **learnt):
    """A fitted estimator with the parameters of ``unfitted`` and the attributes ``learnt``.

    Estimators of scikit-learn remember more than their documented attributes: the label binarizer
    of a network, the loss of PoissonRegressor; which and how depends on the version. So ``toy`` is
    fitted to a row of zeros for each of ``y`` first, and what was learnt then put in its place.
    """
    with warnings.catch_warnings():
        # that there is little to learn from zeros
        warnings.simplefilter("ignore")
        toy.fit(sp.csr_matrix((len(y), 1)), y)
    toy.set_params(**unfitted.get_params(deep=False))
    for name, value in learnt.items():
        setattr(toy, name, value)
    return toy
