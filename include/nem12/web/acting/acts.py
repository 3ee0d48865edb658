"""Who did what on the page, and when."""

from enum import StrEnum

from nem12.warehouse.connect import Connection
from nem12.web.paging import Rows, after, integer, page
from nem12.web.sql import run

LAST = 2**63 - 1


class Act(StrEnum):
    """What a user does; `meter_acts` takes no other."""

    UPLOAD = "upload"
    REDRIVE = "redrive"
    REPROCESS = "reprocess"
    WITHDRAW = "withdraw"


def note_act(
    connection: Connection,
    act: Act,
    by: str,
    name: str,
    *,
    sha256: str | None = None,
    uri: str | None = None,
    size: int | None = None,
    detail: str = "",
) -> int:
    """Record what a user does, in the transaction that does it.

    Args:
        connection: A writing one.
        act: What is done.
        by: The user.
        name: Of the file or drop.
        sha256: Of the file.
        uri: Where an upload lands.
        size: Of an upload, in bytes.
        detail: What else there is to say.

    Returns:
        The id of the row.
    """
    rows = run(
        connection,
        "note_act",
        act=act,
        by=by,
        name=name,
        sha256=sha256,
        uri=uri,
        size=size,
        detail=detail,
    )
    act_id: int = rows[0]["act_id"]
    return act_id


def acts(connection: Connection, cursor: str | None, limit: int) -> Rows:
    """What users did, the newest first."""
    (act_id,) = after(cursor, (integer,), (LAST,))
    rows = run(connection, "acts", act_id=act_id, most=limit + 1)
    return page(rows, limit, ("act_id",))
