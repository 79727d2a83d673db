import pytest
from tests.interop.files import FILES
from tests.interop.groups import GROUPS
from tests.interop.kinds import KINDS
from tests.interop.later import LATER
from tests.interop.rows import ROWS, Row, Stage
from tests.interop.told import Told

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "row", [*ROWS, *KINDS, *FILES, *LATER, *GROUPS], ids=lambda row: f"{row.name} to its {row.to}"
)
async def test_the_other_engine_and_we_understand_each_other(row: Row, stage: Stage, told: Told) -> None:
    try:
        act = await row.do(stage, row.to)
        got = await stage.phone.message(act.id)
        seen = [await check(stage, act, got) for check in row.checks]
    except BaseException as error:
        reason = (str(error) or repr(error)).splitlines()[0][:150]
        told.rows.append((stage.phone.engine, row.to, row.name, f"FAILED: {reason}"))
        raise
    told.rows.append((stage.phone.engine, row.to, row.name, ", ".join(seen)))
