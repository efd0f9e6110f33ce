"""The table of tools: what its rows say is run with the tools that are installed."""

import pytest

main = pytest.importorskip("benchmarks.tools.__main__", reason="benchmarks are in a checkout only")
ONCE = {check.tool: check for check in main.CHECKS}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("tool", ONCE)
def test_the_tool_does_what_its_row_says(tool):
    check = ONCE[tool]
    if not check.is_installed:
        pytest.skip(f"{check.module} is not installed")
    check.run()


def test_the_page_has_the_rows_that_are_run():
    page = main.PAGE.read_text(encoding="utf-8")
    table = page.split(main.BEGIN)[1].split(main.END)[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table]
    assert [(tool, how) for tool, _, _, how, *_ in cells] == [
        (check.tool, check.how) for check in main.CHECKS
    ]
    assert {result for _, _, result, *_ in cells} == {"yes"}


def test_a_tool_that_fails_is_reported_with_its_message():
    def fail():
        raise ValueError("an\nerror")

    broken = main.Check("broken", "sklearn", "", "", fail)
    assert main.outcome(broken) == "no: ValueError: an error"
    assert main.outcome(broken._replace(module="of_nobody")) == "not installed"
