"""``python -m sklearn_gd``: what it prints is what it measured, and its code runs as printed."""

import builtins
import contextlib
import gzip
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sklearn_gd
from sklearn_gd._quick_start import questions
from sklearn_gd._quick_start.command import main
from sklearn_gd._quick_start.fits import Fit, in_turns
from sklearn_gd._quick_start.problem import pose
from sklearn_gd._quick_start.tables import read

ROWS = 60


def columns(n=ROWS):
    """By name, as a file would have them."""
    rng = np.random.default_rng(0)
    size, sex = rng.normal(size=n) * 100, rng.choice(["f", "m"], n)
    raw = size / 100 + (sex == "m")
    found = {
        "size": [f"{value:.3f}" for value in size],
        "sex": list(sex),
        "two": np.where(raw + rng.logistic(size=n) > 0, "yes", "no"),
        "three": np.digitize(raw, [0, 1]),
        "real": raw + rng.normal(size=n) / 4,
        "count": rng.poisson(np.exp(raw)) * 3,
        "id": np.arange(n) + 7,
        "name": [f"person {i}" for i in range(n)],
        "born": [f"{1 + i % 28}/5/19{10 + i}" for i in range(n)],
    }
    found["size"][3] = found["sex"][5] = ""
    return found


def write(path, found, separator=","):
    lines = [separator.join(found)]
    lines += [separator.join(map(str, row)) for row in zip(*found.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def some(*names):
    return {name: values for name, values in columns().items() if name in ("size", "sex", *names)}


@pytest.fixture
def without_pandas(monkeypatch):
    real = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *arguments, **options)

    return lambda: monkeypatch.setattr(builtins, "__import__", refuse)


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    return captured.out


def printed_code(out):
    return out.partition("to copy:\n\n")[2]


def run_code(code):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, "printed", "exec"), {})
    return float(shown.getvalue().split()[0])


def score_of_first_line(out):
    lines = out.splitlines()
    return float(next(lines[i + 1] for i, t in enumerate(lines) if "warnings" in t).split()[1])


CASES = {
    "two": ("classes", "GDLogisticClassifier", "LogisticRegression"),
    "three": ("classes", "GDSoftmaxClassifier", "LogisticRegression"),
    "real": ("numbers", "GDLinearRegressor", "Ridge"),
    "count": ("counts", "GDLinearRegressor", "PoissonRegressor"),
}


@pytest.mark.parametrize("target", CASES)
@pytest.mark.parametrize("reader", ["pandas", "csv"])
@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_the_printed_code_gives_the_score_of_the_table(
    target, reader, tmp_path, capsys, without_pandas
):
    path = write(tmp_path / "some data.csv", some(target))
    if reader == "csv":
        without_pandas()
    else:
        pytest.importorskip("pandas")
    out = run(capsys, path, target)
    kind, ours, peer = CASES[target]
    assert f"'{target}' holds {kind}" in out
    models = [line.split()[0] for line in out.splitlines() if line.startswith("    ")][1:5]
    assert models[:3] == [ours, peer, "StandardScaler"]
    assert f"StandardScaler + {peer}" in out
    assert ("import pandas" in printed_code(out)) == (reader == "pandas")
    assert run_code(printed_code(out)) == pytest.approx(score_of_first_line(out), abs=5.1e-5)


@pytest.mark.parametrize("target", ["two", "real"])
def test_the_printed_code_of_cross_validation_gives_its_score(target, tmp_path, capsys):
    pytest.importorskip("pandas")
    out = run(capsys, write(tmp_path / "data.csv", some(target)), target, "--cv", 3)
    assert "3-fold cross-validation" in out
    assert run_code(printed_code(out)) == pytest.approx(score_of_first_line(out), abs=5.1e-5)


@pytest.mark.parametrize("reader", ["pandas", "csv"])
def test_other_separators_and_compressed_files_are_read(reader, tmp_path, capsys, without_pandas):
    path = write(tmp_path / "data.csv", some("real"), ";")
    zipped = tmp_path / "data.csv.gz"
    zipped.write_bytes(gzip.compress(Path(path).read_bytes()))
    if reader == "csv":
        without_pandas()
    else:
        pytest.importorskip("pandas")
    out = run(capsys, zipped, "real")
    assert run_code(printed_code(out)) == pytest.approx(score_of_first_line(out), abs=5.1e-5)


def test_both_readers_find_the_same_columns(tmp_path, without_pandas):
    pytest.importorskip("pandas")
    path = write(tmp_path / "data.csv", columns() | {"flag": ["True", "False"] * (ROWS // 2)})
    by_pandas = read(path).columns
    without_pandas()
    by_csv = read(path).columns
    assert list(by_csv) == list(by_pandas)
    for name, values in by_csv.items():
        np.testing.assert_array_equal(values, by_pandas[name], err_msg=name)


def test_columns_that_say_nothing_are_left_out_and_named(tmp_path):
    found = columns() | {"empty": [""] * ROWS, "same": ["1"] * ROWS}
    problem = pose(read(write(tmp_path / "data.csv", found)), "real", None, None)
    assert problem.numbers == ["size", "three", "count"]
    assert problem.words == ["sex", "two"]
    notes = " ".join(problem.notes)
    for name in ("id", "name", "born", "empty", "same"):
        assert f"'{name}' is left out" in notes


def test_rows_without_a_target_are_left_out_and_counted(tmp_path, capsys):
    found = some("two")
    found["two"] = ["", *found["two"][1:]]
    out = run(capsys, write(tmp_path / "data.csv", found), "two")
    assert "1 row without a value of 'two' is left out." in out
    assert run_code(printed_code(out)) == pytest.approx(score_of_first_line(out), abs=5.1e-5)


def test_the_user_says_what_the_target_is(tmp_path, capsys):
    found = some("three")
    found["three"] = [value + 1 for value in found["three"]]
    path = write(tmp_path / "data.csv", found)
    assert "GammaRegressor" in run(capsys, path, "three", "--target-is", "amounts")
    assert "Ridge" in run(capsys, path, "three", "--target-is", "numbers")


def test_the_coefficients_are_those_of_the_model(tmp_path, capsys):
    path = write(tmp_path / "data.csv", some("real"))
    out = run(capsys, path, "real")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(printed_code(out), names)
    model = names["model"]
    expected = dict(zip(model[0].get_feature_names_out(), model[-1].coef_, strict=True))
    lines = dict(re.findall(r"^    (size|sex_[fm]) +(\S+) +\S+$", out, flags=re.MULTILINE))
    assert len(lines) == 3
    for name, value in lines.items():
        (found,) = [v for full, v in expected.items() if full.endswith(f"__{name}")]
        assert float(value) == pytest.approx(found, rel=1e-3)


def test_the_coefficient_of_a_gap_is_named(tmp_path, capsys):
    found = some("real")
    found["sex"] = ["" if i % 3 else sex for i, sex in enumerate(found["sex"])]
    out = run(capsys, write(tmp_path / "data.csv", found), "real")
    assert re.search(r"^    sex_ \(no value\) +\S+ +\S+$", out, flags=re.MULTILINE)


def test_a_picture_is_saved(tmp_path, capsys):
    pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")
    picture = tmp_path / "picture.png"
    run(capsys, write(tmp_path / "data.csv", some("two")), "two", "--plot", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


HEADER = "x,word,y\n"
BAD = {
    "no file": (None, "y", "no file"),
    "empty": ("", "y", "is empty"),
    "header only": (HEADER, "y", "no rows"),
    "no header": ("1,2,3\n" * 20, "3", "begins with numbers"),
    "one column": ("y\n" + "1\n" * 20, "y", "single column"),
    "a name twice": ("y,x,y\n" + "1,2,3\n" * 20, "y", "name twice: 'y'"),
    "no such column": (HEADER + "1,a,2\n" * 20, "yy", "Did you mean 'y'"),
    "no target": (HEADER + "1,a,2\n" * 20, None, "Name the column to predict"),
    "few rows": (HEADER + "1,a,2\n" * 4, "y", "at least 10"),
    "one class": (HEADER + "1,a,yes\n2,b,yes\n" * 10, "y", "'yes' in all rows"),
    "constant": (HEADER + "1,a,2\n2,b,2\n" * 10, "y", "2.0 in all rows"),
    "rare class": (
        HEADER + "1,a,no\n2,b,yes\n" * 10 + "1,a,rare\n",
        "y",
        "class rare of 'y' has 1",
    ),
    "names": (HEADER + "".join(f"{i},a,n{i}\n" for i in range(20)), "y", "names the rows"),
    "dates": (HEADER + "".join(f"{i},a,2020-01-{i + 10}\n" for i in range(20)), "y", "holds dates"),
    "infinite": (HEADER + "1,a,1\ninf,b,2\n" * 10, "y", "'x' holds infinite values"),
    "nothing left": ("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)), "y", "No column"),
    "long rows": (HEADER + "1,a,1,4,5\n" * 20, "y", "is not a table"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("reader", ["pandas", "csv"])
def test_what_cannot_be_modelled_is_a_sentence(case, reader, tmp_path, capsys, without_pandas):
    text, target, message = BAD[case]
    path = tmp_path / "data.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    if reader == "csv":
        without_pandas()
    status = main([str(path), *([target] if target else [])])
    error = capsys.readouterr().err
    assert status == 2
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("reader", ["pandas", "csv"])
def test_another_encoding_far_down_in_the_file_is_a_sentence(
    reader, tmp_path, capsys, without_pandas
):
    path = tmp_path / "data.csv"
    path.write_bytes((HEADER + "1,a,2.5\n" * 20_000).encode() + "1,\u00e9,3\n".encode("latin-1"))
    if reader == "csv":
        without_pandas()
    assert main([str(path), "y"]) == 2
    assert "is not a table" in capsys.readouterr().err


def test_values_that_only_rows_for_scoring_have_are_no_matter(tmp_path, capsys, recwarn):
    found = some("real")
    found["sex"] = [f"rare {i}" if i % 3 == 0 else word for i, word in enumerate(found["sex"])]
    run(capsys, write(tmp_path / "data.csv", found), "real")
    assert not [each for each in recwarn if "unknown categories" in str(each.message)]


def test_a_folder_and_a_file_that_is_no_text_are_sentences(tmp_path, capsys):
    (tmp_path / "table.xlsx").write_bytes(bytes(range(256)))
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "table.xlsx", "Save the table")):
        assert main([str(path), "y"]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "message"),
    [("counts", "Counts are at least 0"), ("amounts", "Amounts are greater than 0")],
)
def test_a_kind_that_the_target_cannot_have_is_a_sentence(kind, message, tmp_path, capsys):
    path = write(tmp_path / "data.csv", some("real"))
    assert main([path, "real", "--target-is", kind]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--cv", "3"], ["--plot", "x.png"], ["a.csv", "y", "--cv", "1"], ["--no-such"]]
)
def test_options_that_make_no_sense_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_help_and_version(capsys):
    for option, words in (("--help", "--target-is"), ("--version", sklearn_gd.__version__)):
        with pytest.raises(SystemExit) as ended:
            main([option])
        assert ended.value.code == 0
        assert words in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="pipes end differently on other systems")
def test_a_closed_pipe_is_no_traceback(tmp_path):
    path = write(tmp_path / "data.csv", some("real"))
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONPATH": str(Path(sklearn_gd.__file__).parents[1])}
    program = [sys.executable, "-m", "sklearn_gd", path, "real"]
    done = subprocess.run(
        program, stdout=writing, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""


# The questions


@pytest.fixture
def small(monkeypatch):
    """The questions on few rows and few fits."""
    monkeypatch.setattr(questions, "REPEATS", 1)
    monkeypatch.setattr(questions, "SEEDS", 2)
    full = questions.large_data
    monkeypatch.setattr(questions, "large_data", lambda n, d: full(n // 400, d // 10))


@pytest.mark.slow
def test_every_question_has_a_table_and_an_answer(small, capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    for number in (1, 2, 3):
        assert re.search(rf"^{number}  .*\?$", out, flags=re.MULTILINE)
    assert "Where is it slower?" in out
    titles = re.findall(r"^\d  .*\?$", out, flags=re.MULTILINE)
    readme = Path(__file__).parents[1] / "README.md"
    if readme.exists():
        assert [title for title in titles if title not in readme.read_text("utf-8")] == []
    answers = [line for line in out.splitlines() if re.match(r"   (No|Yes|Slower)", line)]
    assert len(answers) == 6


def test_the_objective_of_all_models_is_compared_with_its_own_optimum():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1, 100, 0.01]
    y = (X @ [1, -0.02, 50] + rng.logistic(size=200) > 0).astype(int)
    C = 1 / (questions.ALPHA * len(y))
    exact = {"C": C, "solver": "newton-cholesky", "tol": 1e-12}
    models = {
        "exact": LogisticRegression(**exact),
        "scaled": make_pipeline(StandardScaler(), LogisticRegression(**exact)),
        "short": LogisticRegression(C=C, max_iter=1),
    }
    fits = in_turns(models, X, y, 1)
    gaps = questions.gaps_to_optimum(fits, X, y, C)
    assert max(gaps[:2]) < 1e-9
    assert gaps[2] > 1e-2
    assert len(fits["short"].warnings) == 1


def test_answers_follow_from_what_was_measured():
    good, bad = Fit(None), Fit(None, warnings=["ConvergenceWarning"])
    assert questions.answer_on_scaling({"ours": good}, [0.0]).startswith("No.")
    assert questions.answer_on_scaling({"ours": good}, [0.1]).startswith("Yes")
    assert questions.answer_on_scaling({"ours": bad}, [0.0]).startswith("Yes")
    assert "theirs did not" in questions.answer_on_scaling({"ours": good, "theirs": bad}, [0, 0])
    assert questions.answer_on_speed(2.0).startswith("Yes")
    assert questions.answer_on_speed(0.5).startswith("Slower")
    assert questions.answer_on_speed(1.05).startswith("No difference")
    better, worse = [0.98, 0.97, 0.99], [0.90, 0.91, 0.90]
    assert questions.answer_on_scores(better, worse).startswith("Yes")
    assert questions.answer_on_scores(worse, better).startswith("No:")
    assert questions.answer_on_scores(worse, [0.91, 0.90, 0.90]).startswith("No difference")
    # the best of several counts
    assert questions.answer_on_scores(better, worse, better).startswith("No difference")


def test_the_shortest_time_counts():
    class Sleeper:
        def fit(self, X, y):
            return self

    fit = Fit(Sleeper(), seconds=0.0)
    fit.again(None, None)
    assert fit.seconds == 0.0
