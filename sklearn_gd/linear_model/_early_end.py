"""The end of a path where weaker penalties no longer improve the fit."""

from sklearn_gd._validation import InvalidParameterError

# Those of glmnet: a relative change of the explained deviance, a fraction, a number of alphas.
SMALL, ENOUGH, FEWEST = 1e-5, 0.999, 5


class EarlyEnd:
    """Where a path of convex problems ends, by the explained fraction of the first deviance.

    The first fit is that of the features without a penalty, or near it. From there the deviance
    falls with alpha as long as a penalised coefficient is not zero: optima that stayed the same
    would have the same gradient, and a smaller alpha would not balance it.
    """

    def __init__(self, problem):
        self._mean_loss = problem.objective().mean_loss
        self._losses: list[float] = []

    def is_reached(self, params) -> bool:
        """Whether the path may end with these params, called for each alpha in turn."""
        self._losses.append(self._mean_loss(params))
        if len(self._losses) < FEWEST:
            return False
        first, before, now = self._losses[0], *self._losses[-2:]
        explained = first - now
        return before - now < SMALL * explained or explained > ENOUGH * first


def check_end(owner, estimator, is_automatic: bool) -> None:
    """Raise for an early end of a path that has none, or where it could be reached too early."""
    if not is_automatic:
        raise InvalidParameterError(
            f"The 'end_early' parameter of {owner} is only used for alphas='auto' or a number of "
            "alphas; leave those out that are not to be searched."
        )
    if estimator.lower is not None or estimator.upper is not None:
        raise InvalidParameterError(
            f"The 'end_early' parameter of {owner} needs an estimator without lower and upper: "
            "while coefficients are at their bounds, the deviance stands still. For a lower bound "
            "of 0 use positive=True."
        )


def check_problem(owner, problem, solver) -> None:
    """Raise where the deviance may stand still, or go up, and fall again later."""
    if not (problem.loss.is_convex and problem.penalty.is_convex):
        raise InvalidParameterError(
            f"The 'end_early' parameter of {owner} needs a convex loss and a convex penalty."
        )
    if solver.resumable:
        raise InvalidParameterError(
            f"The 'end_early' parameter of {owner} needs a solver that reaches the optimum, and "
            f"{type(solver).__name__} is stochastic; use solver='auto'."
        )
