"""PyTorch on the CPU: the same network and batches in a plain training loop."""

from itertools import pairwise

from benchmarks.core import Contender, Outcome


def epochs(name, hidden, classes, batch, number) -> Contender:
    """Adam at its defaults, which are scikit-learn's; all its threads."""

    def make(problem, _tolerance):
        import torch

        X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
        sizes = [X.shape[1], *hidden, classes]

        def run():
            torch.manual_seed(0)
            layers = []
            for before, after in pairwise(sizes):
                layers += [torch.nn.Linear(before, after, dtype=X.dtype), torch.nn.ReLU()]
            network = torch.nn.Sequential(*layers[:-1])
            optimizer = torch.optim.Adam(network.parameters(), weight_decay=problem.alpha / batch)
            cross_entropy, total = torch.nn.CrossEntropyLoss(), 0.0
            for _ in range(number):
                total = 0.0
                for rows in torch.randperm(len(y)).split(batch):
                    optimizer.zero_grad()
                    loss = cross_entropy(network(X[rows]), y[rows])
                    loss.backward()
                    optimizer.step()
                    total += float(loss.detach()) * len(rows)
            return Outcome(notes={"loss": total / len(y)})

        return run

    return Contender(name, make, package="torch")
