"""What was read of a part of a file; accepted = read - refused."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from nem12.mdff.exact import add


@dataclass(slots=True)
class Counts:
    """What was read; accepted = read - refused.

    Attributes:
        records: Lines that are not blank.
        refused_records: Those that were refused, or depend on a refused one.
        values: Interval values in 300 records.
        refused_values: Those of refused days.
        refused_sum: Exact sum, as delivered, of the refused days whose values all parse.
        days: Accepted days.
        first_day: Earliest accepted day, or day of a previous read.
        last_day: Latest accepted day, or day of a current read.
        reads: 250 records.
        refused_reads: Those that were refused.
        quantity: Exact sum, as delivered, of their Quantities that are plain numbers.
        refused_quantity: The same of refused reads.
        transactions: 500 records and halves of 550 records of accepted days and reads.
    """

    records: int = 0
    refused_records: int = 0
    values: int = 0
    refused_values: int = 0
    refused_sum: Decimal = Decimal(0)
    days: int = 0
    first_day: date | None = None
    last_day: date | None = None
    reads: int = 0
    refused_reads: int = 0
    quantity: Decimal = Decimal(0)
    refused_quantity: Decimal = Decimal(0)
    transactions: int = 0

    def accept(self, first_day: date, last_day: date, transactions: int) -> None:
        """Count an accepted day, or read from one day to another, with its transactions."""
        if self.first_day is None or first_day < self.first_day:
            self.first_day = first_day
        if self.last_day is None or last_day > self.last_day:
            self.last_day = last_day
        self.transactions += transactions

    def refuse(self, records: int, values: int, total: Decimal) -> None:
        """Count a refused unit of interval data."""
        self.refused_records += records
        self.refused_values += values
        self.refused_sum = add(self.refused_sum, total)

    def all_refused(self, accepted_sum: Decimal) -> "Counts":
        """The counts of a part of which nothing may be loaded.

        Args:
            accepted_sum: Of the interval values that would have been accepted.
        """
        return Counts(
            records=self.records,
            refused_records=self.records,
            values=self.values,
            refused_values=self.values,
            refused_sum=add(self.refused_sum, accepted_sum),
            reads=self.reads,
            refused_reads=self.reads,
            quantity=self.quantity,
            refused_quantity=self.quantity,
        )
