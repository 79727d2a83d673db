from pathlib import Path

from tests.order import LONG, STAGES, next_file

ROOT = Path(__file__).parents[3]
GATEWAY, NODES = "tests/network/gateway", "tests/network/nodes"


def test_a_worker_stays_on_its_stage_while_there_are_files_of_it() -> None:
    waiting = {f"{GATEWAY}/test_a.py": 2, "tests/chaos/test_nodes.py": 1, f"{GATEWAY}/test_b.py": 9}
    assert next_file(waiting, f"{GATEWAY}/test_z.py", []) == f"{GATEWAY}/test_b.py"


def test_who_is_new_takes_up_a_stage_of_its_own_and_joins_another_only_in_the_end() -> None:
    waiting = {f"{GATEWAY}/test_a.py": 50, f"{NODES}/test_b.py": 1, "tests/unit/test_c.py": 3}
    theirs = [f"{GATEWAY}/test_z.py"]
    for wanted in (f"{NODES}/test_b.py", "tests/unit/test_c.py", f"{GATEWAY}/test_a.py"):
        assert next_file(waiting, None, theirs) == wanted
        del waiting[wanted]


def test_without_a_stage_the_longest_file_comes_first() -> None:
    waiting = {"tests/unit/test_a.py": 100, "tests/chaos/test_nodes.py": 1, "tests/unit/test_b.py": 7}
    for wanted in ("tests/chaos/test_nodes.py", "tests/unit/test_a.py", "tests/unit/test_b.py"):
        assert next_file(waiting, "tests/unit/test_z.py", ["tests/unit/test_y.py"]) == wanted
        del waiting[wanted]


def test_what_is_named_is_there() -> None:
    assert [one for one in (*STAGES, *LONG) if not (ROOT / one).exists()] == []
