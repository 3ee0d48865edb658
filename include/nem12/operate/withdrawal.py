"""Takes a file out that was delivered by mistake."""

from nem12.load.index import withdrawn_lines, write
from nem12.settings import Home
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, explained


def withdraw_file(
    connection: Connection, home: Home | None, file_id: int, why: str = "withdrawn"
) -> int | None:
    """Withdraw a file: what it had replaced is in force again.

    Args:
        connection: To the warehouse, as the loader.
        home: Whose folders keep the file; None where no folders are known.
        file_id: Of the file.
        why: For the drops that brought it, and for the index of the archive.

    Returns:
        The number of its versions of days; None if it is not known.

    Raises:
        OSError: The index cannot be written; then nothing is withdrawn.
    """
    with explained(), connection.transaction():
        lines = withdrawn_lines(connection, home, file_id, why) if home else {}
        days = ledger.withdraw(connection, file_id, why)
        # Last: an index that cannot be written leaves the tables as they were.
        for folder, line in lines.items():
            write(folder, [line])
    return days
