r"""
Out-of-core text classification
===============================

``partial_fit`` trains on data that arrive in chunks and need not be kept. Here a stream of short
texts on four subjects is hashed into 32,768 columns. Each chunk is first used as a test set, and
then for training. The texts are generated, so the example needs no download, and the size of the
model is measured.
"""

import pickle

import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier

from sklearn_gd import GDSoftmaxClassifier

# %%
# A stream of texts
# -----------------
# The words are made of syllables. All subjects share one vocabulary, with frequencies that fall as
# 1/rank, as in natural languages; each subject prefers 300 words of its own, and one word in
# eight comes from these. With 10 to 30 words, a text says little about its subject.

rng = np.random.default_rng(0)
SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
N_WORDS, N_OWN, SHARE_OF_OWN = 20_000, 300, 1 / 8
VOCABULARY = ["".join(word) for word in rng.choice(SYLLABLES, (N_WORDS, 4))]
SUBJECTS = np.array(["cooking", "football", "gardening", "sailing"])
OWN = {subject: rng.choice(N_WORDS, N_OWN, replace=False) for subject in SUBJECTS}
FREQUENCY = 1 / np.arange(10, N_WORDS + 10)
CUMULATED = np.cumsum(FREQUENCY / FREQUENCY.sum())


def write(subject, rng):
    """A text on a subject."""
    size = rng.integers(10, 30)
    common = np.searchsorted(CUMULATED, rng.random(size))
    words = np.where(rng.random(size) < SHARE_OF_OWN, rng.choice(OWN[subject], size), common)
    return " ".join([VOCABULARY[min(word, N_WORDS - 1)] for word in words.tolist()])


def stream(n_chunks, size, seed):
    """Chunks of texts and their subjects; nothing is kept."""
    rng = np.random.default_rng(seed)
    for _ in range(n_chunks):
        subjects = rng.choice(SUBJECTS, size)
        yield [write(subject, rng) for subject in subjects], subjects


texts, subjects = next(stream(1, 2, seed=1))
for text, subject in zip(texts, subjects, strict=True):
    print(f"{subject}: {text[:70]}...")

# %%
# Test first, then train
# ----------------------
# ``HashingVectorizer`` keeps no vocabulary, so nothing grows with the stream. Every chunk is
# predicted *before* it is used for training, so the accuracy is that of new texts ("progressive
# validation"), and no test set is needed. The first call of ``partial_fit`` needs all classes.

vectorizer = HashingVectorizer(n_features=2**15, alternate_sign=False)
models = {
    "GDSoftmaxClassifier": GDSoftmaxClassifier(random_state=0),
    "SGDClassifier": SGDClassifier(loss="log_loss", random_state=0),
}
accuracy = {name: [] for name in models}
memory = []

for texts, subjects in stream(n_chunks=20, size=400, seed=2):
    X = vectorizer.transform(texts)
    for name, model in models.items():
        if hasattr(model, "classes_"):
            accuracy[name].append(np.mean(model.predict(X) == subjects))
        model.partial_fit(X, subjects, classes=SUBJECTS)
    memory.append(len(pickle.dumps(models["GDSoftmaxClassifier"])) / 2**20)

# %%
# Both models make one pass over each chunk, with their default parameters. Rare words have few
# updates, and a learning rate that suits common words is too small for them. The updates of
# ``solver="auto"`` adapt to each column.

seen = 400 * np.arange(1, 20)
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for (name, scores), style in zip(accuracy.items(), ("-", "--"), strict=True):
    ax.plot(seen, scores, style, label=name)
ax.axhline(0.25, color="0.5", ls=":", label="guessing")
ax.set(xlabel="texts learnt", ylabel="accuracy on the next 400", ylim=(0, 1))
ax.legend(loc="lower right")
plt.show()

for name, scores in accuracy.items():
    print(f"{name:20} accuracy of the last ten chunks {np.mean(scores[-10:]):.3f}")
print(
    f"GDSoftmaxClassifier: {memory[0]:.2f} MiB after chunk 1, {memory[-1]:.2f} MiB after chunk 20"
)

# %%
# Compared with a fit of all rows
# -------------------------------
# The same rows are fitted together until convergence. The difference in accuracy is the cost of
# making a single pass.

parts = [(vectorizer.transform(texts), subjects) for texts, subjects in stream(20, 400, seed=2)]
texts, subjects = next(stream(1, 4000, seed=3))
X_test = vectorizer.transform(texts)
for name, model in models.items():
    print(f"{name:20} one pass, test accuracy {model.score(X_test, subjects):.3f}")

X = sp.vstack([X for X, _ in parts]).tocsr()
y = np.concatenate([y for _, y in parts])
together = GDSoftmaxClassifier().fit(X, y)
print(f"all rows at once     test accuracy {together.score(X_test, subjects):.3f}")
