"""A table of coefficients, as text and as a frame."""

from dataclasses import dataclass

from numpy.typing import NDArray

from sklearn_gd.inspection.loss_curve import check_option

COLUMNS = ("estimate", "std_error", "statistic", "p_value", "lower", "upper")


@dataclass(frozen=True, repr=False)
class CoefficientTable:
    """Coefficients with their standard errors, as :func:`coefficient_table` makes it.

    ``str`` is a text of aligned columns.

    Attributes
    ----------
    names : list of str
        Of the rows: features and "intercept", for several classes after "class: ".
    estimate, std_error, statistic, p_value, lower, upper : ndarray of shape (p,)
        Columns: the coefficient, its standard error, their ratio, the probability of a ratio at
        least as large if the coefficient were 0, and the limits of the confidence interval.
    covariance : ndarray of shape (p, p)
        Of the estimates.
    dispersion : float
        Factor of the variances: 1 for log-loss, estimated for all other losses.
    df : float or None
        Degrees of freedom of the t distribution; None stands for the normal distribution.
    n_samples : float
        Number of rows that the data stand for.
    kind : str
        As asked for.
    confidence : float
        As asked for.
    """

    names: list[str]
    estimate: NDArray
    std_error: NDArray
    statistic: NDArray
    p_value: NDArray
    lower: NDArray
    upper: NDArray
    covariance: NDArray
    dispersion: float
    df: float | None
    n_samples: float
    kind: str
    confidence: float

    def to_frame(self, library="pandas"):
        """The table as a data frame.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Which has to be installed. Names are the index of pandas, and the column "name" of
            polars.

        Returns
        -------
        frame : pandas.DataFrame or polars.DataFrame

        Raises
        ------
        ImportError
            If the library is not installed.
        """
        check_option("library", library, ("pandas", "polars"))
        columns = {name: getattr(self, name) for name in COLUMNS}
        try:
            if library == "pandas":
                import pandas as pd

                return pd.DataFrame(columns, index=self.names)
            import polars as pl
        except ImportError as error:
            raise ImportError(f"to_frame({library!r}) needs {library}: pip install it") from error
        return pl.DataFrame({"name": self.names} | columns)

    def __str__(self):
        width = max(len(name) for name in [*self.names, "name"])
        shown = ("estimate", "std. error", "t" if self.df is not None else "z", "p", "from", "to")
        lines = ["".join([f"{'name':<{width}}", *(f"{title:>12}" for title in shown)])]
        for row, name in enumerate(self.names):
            numbers = [getattr(self, column)[row] for column in COLUMNS]
            cells = [
                f"{number:>12.3g}" if column == "p_value" else f"{number:>12.5g}"
                for column, number in zip(COLUMNS, numbers, strict=True)
            ]
            lines.append(f"{name:<{width}}" + "".join(cells))
        law = "normal" if self.df is None else f"t with {self.df:g} degrees of freedom"
        lines.append(
            f"{self.n_samples:g} rows, {self.kind} standard errors, dispersion "
            f"{self.dispersion:.5g}, {self.confidence:.0%} intervals, {law}"
        )
        return "\n".join(lines)

    __repr__ = __str__
