"""Ten classes on dense rows; two classes on binary features."""

from functools import partial

import numpy as np
import scipy.sparse as sp

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

SOFTMAX = Kind("softmax")
BINARY = Kind("logistic", sparse=True)


def questionnaire(rows, questions, answers):
    """Like the a9a data: one of several answers to each question, as 0/1 columns."""
    rng = np.random.default_rng(data.SEED)
    popular = rng.dirichlet(np.ones(answers), size=questions).cumsum(axis=1)
    answer = (rng.random((rows, questions, 1)) > popular).sum(axis=2).clip(max=answers - 1)
    columns = (answer + answers * np.arange(questions)).ravel()
    row_starts = np.arange(0, rows * questions + 1, questions)
    shape = (rows, questions * answers)
    X = sp.csr_matrix((np.ones(rows * questions), columns, row_starts), shape)
    return data.problem(BINARY, X, rng)


def cases(rows, columns, classes, people):
    """The share of scikit-learn's fastest in both."""
    fastest = Faster(2.5, "sklearn *", "the fastest of scikit-learn")
    make = partial(data.dense, SOFTMAX, rows, columns, classes=classes)
    yield Case(f"{classes} classes", make, peers.contenders(SOFTMAX), [fastest])
    binary = partial(questionnaire, people, 14, 9)
    yield Case("binary features", binary, peers.contenders(BINARY), [fastest])


WORKLOAD = Workload(
    "softmax",
    "softmax, dense; logistic on 0/1 features (14 of 126 a row); C=1",
    cases,
    {
        "full": {"rows": 100_000, "columns": 50, "classes": 10, "people": 32_000},
        "quick": {"rows": 3_000, "columns": 10, "classes": 4, "people": 3_000},
    },
)
