"""Real data: files of the folder named by SKLEARN_GD_DATA, and what comes with scikit-learn.

Features are as a user would make them from the file; targets are floats or codes of classes.
"""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

FOLDER = "SKLEARN_GD_DATA"
SEED = 0


@dataclass(frozen=True)
class Set:
    """``load`` returns X and y; ``file`` is in the folder, none for a bundled set."""

    load: Callable[[], tuple[Any, np.ndarray]]
    rows: int
    columns: int
    words: str
    file: str = ""
    is_sparse: bool = False

    @property
    def is_available(self) -> bool:
        """Whether its file is there."""
        return not self.file or path(self.file) is not None


def path(file: str) -> Path | None:
    """Where a file of the data folder is; None if there is no folder, or it lacks the file."""
    folder = os.environ.get(FOLDER)
    found = Path(folder) / file if folder else None
    return found if found is not None and found.exists() else None


def adult():
    """Adult census, one-hot: does a person earn more than 50,000 dollars?"""
    return svmlight("a9a.bz2", 123)


def web_pages():
    """Words of web pages, 3 % of which belong to the category."""
    return svmlight("w8a.bz2", 300)


def svmlight(file, columns):
    """Sparse rows; labels become 0 and 1."""
    X, y = datasets.load_svmlight_file(str(path(file)), n_features=columns)
    X = X.tocsr()
    # the reader makes 64-bit indices, which liblinear and saga of scikit-learn refuse
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X, codes(y)


def messages(**options):
    """Text messages, 13 % of them spam, as TF-IDF."""
    lines = gzip.decompress(path("SMSSpamCollection.gz").read_bytes()).decode().splitlines()
    pairs = [line.split("\t", 1) for line in lines if "\t" in line]
    labels, texts = zip(*pairs, strict=True)
    return TfidfVectorizer(**options).fit_transform(texts).tocsr(), codes(labels)


def words():
    """One column a word."""
    return messages()


def characters():
    """One column for each sequence of one to four characters."""
    return messages(analyzer="char", ngram_range=(1, 4))


BIKE_CATEGORIES = ["season", "yr", "mnth", "hr", "weekday", "weathersit"]
BIKE_NUMBERS = ["holiday", "workingday", "temp", "atemp", "hum", "windspeed"]


def bikes(one_hot=True):
    """Bicycles that are rented in an hour, by season, weather and time."""
    import pandas as pd

    table = pd.read_csv(path("bike_hour.csv.gz"))
    X = table[BIKE_CATEGORIES + BIKE_NUMBERS]
    if one_hot:
        X = pd.get_dummies(X, columns=BIKE_CATEGORIES)
    return rows_together(X), table["cnt"].to_numpy(np.float64)


def bikes_raw():
    """The table as it is: months and hours are numbers."""
    return bikes(one_hot=False)


def diamonds(target="price"):
    """Sizes in mm and carat, categories one-hot."""
    import pandas as pd

    table = pd.read_csv(path("diamonds.csv.gz"))
    y = table.pop(target)
    X = rows_together(pd.get_dummies(table))
    return X, y.to_numpy(np.float64) if target == "price" else codes(y)


def diamond_cuts():
    """Five classes, one of them with 3 % of the rows."""
    return diamonds("cut")


def pima():
    """Diabetes among Pima women."""
    table = np.loadtxt(path("pima_diabetes.csv.gz"), delimiter=",")
    return table[:, :-1], codes(table[:, -1])


def powers(load, degree):
    """All products of up to so many features, standardised first: their powers would overflow."""
    X, y = load()
    return PolynomialFeatures(degree, include_bias=False).fit_transform(
        StandardScaler().fit_transform(X)
    ), y


def pima_powers():
    """Wide, with a weak signal."""
    return powers(pima, 5)


def bundled(name):
    """A set that comes with scikit-learn."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X.astype(np.float64), codes(y) if name != "diabetes" else y


def cancer():
    """Breast cancer, in units from 1e-3 to 1e3."""
    return bundled("breast_cancer")


def cancer_powers():
    """Wide, with a strong signal."""
    return powers(cancer, 3)


def digits():
    """Eight by eight pixels from 0 to 16, ten classes."""
    return bundled("digits")


def wine():
    """Three classes, 13 chemical measurements."""
    return bundled("wine")


def iris():
    """Three classes, four lengths."""
    return bundled("iris")


def diabetes():
    """Progress of a disease, ten features of equal norm."""
    return bundled("diabetes")


def diabetes_powers():
    """Wide, with a weak signal."""
    return powers(diabetes, 4)


def rows_together(table):
    """A frame as an array in C order, as NumPy makes them."""
    return np.ascontiguousarray(table.to_numpy(np.float64))


def codes(y):
    """Classes as 0, 1, 2, ..."""
    return np.unique(np.asarray(y), return_inverse=True)[1].astype(np.int64)


SETS = {
    "a9a": Set(adult, 32_560, 123, "census, one-hot, sparse", "a9a.bz2", is_sparse=True),
    "w8a": Set(web_pages, 49_749, 300, "web pages, binary, sparse", "w8a.bz2", is_sparse=True),
    "sms_words": Set(
        words, 5_574, 8_713, "spam, TF-IDF of words", "SMSSpamCollection.gz", is_sparse=True
    ),
    "sms_chars": Set(
        characters,
        5_574,
        60_059,
        "spam, TF-IDF of 1 to 4 characters",
        "SMSSpamCollection.gz",
        is_sparse=True,
    ),
    "bike": Set(bikes_raw, 17_379, 12, "rented bicycles, raw", "bike_hour.csv.gz"),
    "bike_onehot": Set(bikes, 17_379, 59, "rented bicycles, one-hot", "bike_hour.csv.gz"),
    "diamonds": Set(diamonds, 53_940, 26, "prices, one-hot", "diamonds.csv.gz"),
    "diamond_cuts": Set(diamond_cuts, 53_940, 22, "five cuts, one-hot", "diamonds.csv.gz"),
    "pima": Set(pima, 759, 8, "diabetes", "pima_diabetes.csv.gz"),
    "pima_powers": Set(pima_powers, 759, 1_286, "wide, weak signal", "pima_diabetes.csv.gz"),
    "cancer": Set(cancer, 569, 30, "breast cancer"),
    "cancer_powers": Set(cancer_powers, 569, 5_455, "wide, strong signal"),
    "digits": Set(digits, 1_797, 64, "ten digits"),
    "wine": Set(wine, 178, 13, "three wines"),
    "iris": Set(iris, 150, 4, "three irises"),
    "diabetes": Set(diabetes, 442, 10, "progress of diabetes"),
    "diabetes_powers": Set(diabetes_powers, 442, 1_000, "wide, weak signal"),
}


@cache
def read(name: str):
    """A whole set, once a process: problems on it follow one another."""
    return SETS[name].load()


def rows_of(name: str, rows: int):
    """The first ``rows`` rows in a random order, all of them in their own."""
    X, y = read(name)
    if rows >= len(y):
        return X, y
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(y))[:rows])
    return X[chosen], y[chosen]
