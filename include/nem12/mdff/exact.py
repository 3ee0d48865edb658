"""Numbers as the format allows them (S 3.3.6, appendix B), and their exact sums."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, localcontext
from typing import Final

from nem12.mdff import spec, wording

_EXACT: Final = Context(prec=1000, traps=[Inexact])
"""Room for any sum of values of up to MAX_VALUE characters."""


def add(total: Decimal, more: Decimal) -> Decimal:
    """Both together, exactly: the operator would round to 28 digits."""
    return _EXACT.add(total, more)


def small_number(delivered: str) -> int | None:
    """A whole number of up to four digits; None for anything else."""
    is_one = delivered.isascii() and delivered.isdigit() and len(delivered) <= 4
    return int(delivered) if is_one else None


def plain_number(delivered: str) -> Decimal | None:
    """A plain decimal number of bounded length, exactly as delivered; None if it is not one."""
    if len(delivered) > spec.MAX_VALUE or not spec.VALUE.fullmatch(delivered):
        return None
    return Decimal(delivered)


def exact_sum(values: Iterable[str]) -> Decimal:
    """The sum of values as they stand; zero where one of them is not a value."""
    total = Decimal(0)
    for value in values:
        number = plain_number(value)
        if number is None:
            return Decimal(0)
        total = add(total, number)
    return total


def sum_of(values: str) -> Decimal:
    """The exact sum of accepted values that commas separate, which need no check again."""
    with localcontext(_EXACT):
        return sum(map(Decimal, values.split(",")), Decimal(0))


def shifted(number: Decimal, exponent: int) -> Decimal:
    """The number times a power of ten, exactly."""
    return _EXACT.scaleb(number, exponent)


def canonical(value: str) -> tuple[str, str]:
    """A form that is the same for equal numbers: the digits around the point."""
    whole, _, decimals = value.partition(".")
    return whole.lstrip("0"), decimals.rstrip("0")


def value_fault(value: str, unit: spec.Unit | None) -> tuple[str, str] | None:
    """Code and message of the fault of a value, or None.

    Args:
        value: As delivered.
        unit: Decides how many decimals it may have; None if it is not known.
    """
    if not value:
        return "value-empty", "is empty"
    if not spec.VALUE.fullmatch(value):
        if value[0] == "-" and spec.VALUE.fullmatch(value[1:]):
            what = "is negative" if value.strip("-0.") else "has a sign, which no value may have"
            return "value-negative", f"'{wording.shown(value)}' {what}"
        return "value", f"'{wording.shown(value)}' is not a plain decimal number"
    whole, _, decimals = value.partition(".")
    if len(whole.lstrip("0")) > spec.MAX_WHOLE_DIGITS:
        return "value-width", f"'{wording.shown(value)}' has more than 15 digits before the point"
    if len(value) > spec.MAX_VALUE:
        return "value", f"'{wording.shown(value)}' has more than {spec.MAX_VALUE} characters"
    if unit is not None and len(decimals) > unit.decimals:
        what = f"'{wording.shown(value)}' has more than {wording.plural(unit.decimals, 'decimal')}"
        return "decimals", f"{what} ({unit.delivered})"
    return None
