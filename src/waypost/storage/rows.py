from typing import Any

import msgspec

from waypost.outbox.request import Failure, Request, RequestState, Step
from waypost.outbox.shown import with_status
from waypost.storage.database import Connection

Row = tuple[Any, ...]


def request_of(row: Row) -> Request:
    """A request from the columns that every SELECT in `requests.sql` lists; the last is its steps'
    statuses.
    """
    request = Request(
        seq=row[0],
        uuid=row[1],
        instance_id=row[2],
        operation=row[3],
        chat_key=row[4],
        state=RequestState(row[5]),
        request=row[6],
        payload=row[7],
        payload_version=row[8],
        created_at=row[9],
        expires_at=row[10],
        blob_id=row[11],
        prepared=row[12],
        staged=row[13],
        attempts=row[14],
        next_attempt_at=row[15],
        failure=None if row[16] is None else msgspec.json.decode(row[16], type=Failure),
        response_status=row[17],
        response_body=row[18],
        finished_at=row[19],
        epoch=row[20],
        request_id=row[21],
        traceparent=row[22],
    )
    return request if row[23] is None else with_status(request, msgspec.json.decode(row[23]))


def failure_column(failure: Failure | None) -> bytes | None:
    """A failure as it is stored."""
    return None if failure is None else msgspec.json.encode(failure)


def step_of(row: Row) -> Step:
    """A step from the columns that every SELECT of whole rows in `steps.sql` lists; the first is the uuid."""
    return Step(
        number=row[1],
        name=row[2],
        state=row[3],
        attempt=row[4],
        secret=row[5] or b"",
        device_jid=row[6],
        generation=row[7],
        message_id=row[8],
        chat=row[9],
        timestamp=row[10],
        data=row[11],
        error_code=row[12],
        message_status=row[13],
        recipients=row[14],
    )


def put_step(connection: Connection, sql: str, request: Request, step: Step) -> None:
    """Insert or replace a step of `request`; `sql` is the block `put` of `steps.sql`."""
    connection.execute(
        sql,
        (
            request.uuid,
            step.number,
            request.instance_id,
            step.name,
            step.state,
            step.attempt,
            step.secret,
            step.device_jid,
            step.generation,
            step.message_id,
            step.chat,
            step.timestamp,
            step.data,
            step.error_code,
            step.message_status,
            step.recipients,
        ),
    )
