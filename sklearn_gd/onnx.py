"""ONNX: fitted models, and pipelines that contain them, for runtimes without Python."""

import inspect
import warnings

import numpy as np
from sklearn.base import ClassifierMixin

from sklearn_gd import linear_model, neural_network
from sklearn_gd._estimators.to_sklearn import ToSklearn

__all__ = ["register"]

# What skl2onnx offers for classifiers: how labels and probabilities are given, and
# decision_function in place of probabilities.
OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}
# These are carried out by the parser, not by the converter of the model.
OF_PARSER = ("zipmap", "output_class_labels")
# What ONNX calls the activations of scikit-learn's networks.
FUNCTIONS = {
    "identity": "Identity",
    "logistic": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "softmax": "Softmax",
    "exp": "Exp",
}


def register() -> None:
    """Register all estimators of sklearn_gd with skl2onnx.

    After one call ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert a fitted estimator,
    and everything that contains one and that they know, such as a Pipeline with a
    ColumnTransformer, a GridSearchCV or a VotingClassifier. What is converted is the result of
    ``to_sklearn()``; models that have no counterpart in scikit-learn cannot be converted.

    Do not register the converters of scikit-learn's classes for those of sklearn_gd: they decide
    by the class of the model, and give wrong probabilities.

    Returns
    -------
    None

    Raises
    ------
    ImportError
        If skl2onnx cannot be imported.

    See Also
    --------
    sklearn_gd.GDLogisticClassifier.to_sklearn : The scikit-learn estimator that predicts the same.

    Examples
    --------
    >>> from skl2onnx import to_onnx
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_gd import GDLogisticClassifier
    >>> from sklearn_gd.onnx import register
    >>> register()
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), GDLogisticClassifier()).fit(X, y)
    >>> converted = to_onnx(model, X[:1].astype("float32"), options={"zipmap": False})
    >>> [output.name for output in converted.graph.output]
    ['label', 'probabilities']
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "sklearn_gd.onnx.register needs skl2onnx 1.19.1 or later: "
            "pip install 'sklearn-gd[onnx]'"
        ) from error
    for room, convert in ((linear_model, convert_linear), (neural_network, convert_network)):
        for kind in estimators_of(room):
            is_classifier = issubclass(kind, ClassifierMixin)
            update_registered_converter(
                kind,
                f"SklearnGd{kind.__name__}",
                classifier_shapes if is_classifier else regressor_shapes,
                convert,
                options=OPTIONS if is_classifier else None,
            )


def estimators_of(room) -> list[type]:
    """The classes of a module that can be converted to scikit-learn's."""
    return [
        kind
        for kind in vars(room).values()
        if inspect.isclass(kind) and issubclass(kind, ToSklearn)
    ]


def classifier_shapes(operator):
    """Tell skl2onnx the types and shapes of labels and probabilities."""
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    calculate_linear_classifier_output_shapes(operator)
    labels = one_prediction(operator.raw_operator)
    if labels.ndim == 2:
        operator.outputs[0].type.shape = [operator.inputs[0].get_first_dimension(), labels.shape[1]]


def regressor_shapes(operator):
    """Tell skl2onnx the type and shape of predictions, which always have columns in ONNX."""
    from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

    calculate_linear_regressor_output_shapes(operator)
    n_outputs = one_prediction(operator.raw_operator).size
    operator.outputs[0].type.shape = [operator.inputs[0].get_first_dimension(), n_outputs]


def one_prediction(model):
    """The prediction for a row of zeros."""
    with warnings.catch_warnings():
        # that the row has no column names, where the model knows some
        warnings.simplefilter("ignore")
        return model.predict(np.zeros((1, model.n_features_in_)))


def convert_linear(scope, operator, container):
    """Put the graph of the scikit-learn counterpart in the place of a model."""
    from skl2onnx import get_model_alias

    model = operator.raw_operator
    counterpart = model.to_sklearn()
    options = scope.get_options(model)
    options = {name: value for name, value in options.items() if name not in OF_PARSER}
    for each in (scope, container):
        each.add_options(id(counterpart), options)
    inner = scope.declare_local_operator(get_model_alias(type(counterpart)), counterpart)
    inner.inputs = operator.inputs
    for output in operator.outputs:
        variable = scope.declare_local_variable(output.onnx_name, output.type)
        inner.outputs.append(variable)
        container.add_node(
            "Identity",
            [variable.full_name],
            [output.full_name],
            name=scope.get_unique_operator_name("Output"),
        )


def convert_network(scope, operator, container):
    """Write the graph of the scikit-learn counterpart in the place of a network.

    skl2onnx has converters of MLPClassifier and MLPRegressor, but in version 1.20 several targets
    come out in one column, two labels in four, and there is neither loss="poisson" nor raw scores.
    """
    from skl2onnx.algebra import onnx_ops
    from skl2onnx.common.data_types import DoubleTensorType
    from skl2onnx.common.utils_classifier import get_label_classes

    def node(name, *inputs, **attributes):
        kind = getattr(onnx_ops, f"Onnx{name}")
        return kind(*inputs, op_version=container.target_opset, **attributes)

    model, features = operator.raw_operator, operator.inputs[0]
    network = model.to_sklearn()
    dtype = np.float64 if isinstance(features.type, DoubleTensorType) else np.float32
    raw = raw_predictions(node, network, features, dtype)
    if isinstance(model, ClassifierMixin):
        classes = get_label_classes(scope, model)
        is_raw = scope.get_options(model, {"raw_scores": False})["raw_scores"]
        if network.n_outputs_ == 1:
            # what speaks for the first class speaks against the second
            raw = node("Concat", node("Neg", raw), raw, axis=1)
        results = [labels(node, network, raw, classes, dtype), scores(node, network, raw, is_raw)]
    else:
        results = [node(FUNCTIONS[network.out_activation_], raw)]
    for output, result in zip(operator.outputs, results, strict=True):
        node("Identity", result, output_names=[output]).add_to(scope, container)


def raw_predictions(node, network, features, dtype):
    """The nodes of all layers, without the activation of the last."""
    from skl2onnx.proto import onnx_proto

    to = onnx_proto.TensorProto.DOUBLE if dtype == np.float64 else onnx_proto.TensorProto.FLOAT
    layer = node("Cast", features, to=to)
    for depth, (w, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        if depth:
            layer = node(FUNCTIONS[network.activation], layer)
        layer = node("Add", node("MatMul", layer, w.astype(dtype)), bias.astype(dtype))
    return layer


def scores(node, network, raw, is_raw):
    """The nodes of probabilities, or of raw scores, of each class or label."""
    if is_raw:
        return raw
    axis = {"axis": 1} if network.out_activation_ == "softmax" else {}
    return node(FUNCTIONS[network.out_activation_], raw, **axis)


def labels(node, network, raw, classes, dtype):
    """The nodes of the class of each row, or of 0 or 1 for each of its labels."""
    from skl2onnx.proto import onnx_proto

    if network.out_activation_ == "logistic" and network.n_outputs_ > 1:
        is_positive = node("Greater", raw, np.zeros(1, dtype))
        return node("Cast", is_positive, to=onnx_proto.TensorProto.INT64)
    if classes.dtype.kind in "bf":
        classes = classes.astype(np.int64)
    return node("Gather", classes, node("ArgMax", raw, axis=1, keepdims=0))
