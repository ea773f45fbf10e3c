import ast
from pathlib import Path

import pytest

from spark_jobs.flow import FLOW, Step, stages

ROOT = Path(__file__).parents[2]


def test_steps_that_wait_for_the_same_run_together_and_all_others_one_after_the_other() -> None:
    assert [[step.name for step in stage] for stage in stages()] == [
        ["ingest"],
        ["inbox"],
        ["standardise"],
        ["overrides"],
        ["resolve"],
        ["rectifications"],
        ["profiles"],
        ["features"],
        ["materialise", "publish"],
    ]


def test_steps_that_wait_for_each_other_are_an_error_that_names_them() -> None:
    circle = [Step("jobs.one", "", "a", ("two",)), Step("jobs.two", "", "b", ("one",)), Step("jobs.zero", "", "c", ())]
    with pytest.raises(ValueError, match=r"\['one', 'two'\]"):
        list(stages(circle))


def test_every_step_leaves_an_asset_of_its_own_and_is_a_module_with_a_main() -> None:
    assert len({step.leaves for step in FLOW}) == len({step.name for step in FLOW}) == len(FLOW)
    for step in FLOW:
        module = ROOT / step.module.replace(".", "/")
        source = module / "__main__.py" if module.is_dir() else module.with_suffix(".py")
        defined = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
        assert "main" in defined, step.name
