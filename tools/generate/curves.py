"""The energy of a day, interval by interval, from integer tables and chance."""

from datetime import date
from random import Random
from typing import Final

from nem12.mdff.spec import MINUTES_A_DAY
from tools.generate.chance import below
from tools.generate.model import Curve, Values

# One row a month, January first. Hours are NEM time, so the sun keeps no daylight saving.
_SUNRISE: Final = (294, 324, 354, 380, 402, 420, 420, 402, 366, 322, 288, 278)
_SUNSET: Final = (1150, 1130, 1095, 1050, 1018, 1010, 1022, 1042, 1062, 1086, 1114, 1140)
_SUN_PERCENT: Final = (100, 92, 80, 64, 50, 42, 46, 58, 73, 86, 95, 100)
_HOME_PERCENT: Final = (120, 118, 100, 88, 95, 118, 128, 120, 100, 90, 96, 110)

# Watts at each full hour.
_HOME_WEEKDAY: Final = (250, 220, 210, 200, 200, 260, 520, 900, 780, 480, 380, 360,
                        380, 360, 380, 450, 640, 980, 1400, 1520, 1300, 1000, 650, 380)  # fmt: skip
_HOME_WEEKEND: Final = (280, 240, 220, 210, 200, 220, 320, 520, 820, 980, 900, 850, 880,
                        820, 780, 800, 900, 1150, 1450, 1500, 1300, 1050, 750, 450)  # fmt: skip
_SHOP_WEEKDAY: Final = (7800, 7600, 7500, 7500, 7900, 9200, 14000, 24000, 35000, 40500, 42000,
                        43000, 42500, 43500, 43000, 41000, 36500, 27000, 18000, 13000, 10500,
                        9300, 8600, 8100)  # fmt: skip
_SHOP_WEEKEND: Final = (7600, 7500, 7400, 7400, 7400, 7600, 7900, 8600, 9400, 9900, 10100, 10200,
                        10200, 10100, 9900, 9600, 9200, 8800, 8500, 8300, 8100, 7900, 7800,
                        7700)  # fmt: skip

_APPLIANCES: Final = ((2200, 6), (1900, 45), (2400, 30), (3600, 90))  # watts, minutes


def household(day: date, interval_length: int, chance: Random) -> Values:
    """Consumption of a home in Wh: morning and evening peaks, slower weekends, seasons."""
    hourly = _HOME_WEEKEND if is_weekend(day) else _HOME_WEEKDAY
    percent = _HOME_PERCENT[day.month - 1] * (80 + below(chance, 41))
    runs = [_appliance_run(chance) for _ in range(2 + below(chance, 4))]
    values = []
    for start in range(0, MINUTES_A_DAY, interval_length):
        watts = _between_hours(hourly, start) * percent * (75 + below(chance, 51)) // 1_000_000
        watt_minutes = watts * interval_length
        for begin, end, power in runs:
            overlap = min(end, start + interval_length) - max(begin, start)
            watt_minutes += power * max(overlap, 0)
        values.append(watt_minutes // 60)
    return tuple(values)


def solar_generation(day: date, interval_length: int, chance: Random) -> Values:
    """Output of a 5 kW roof in Wh: zero at night, a bell by day, lower in winter and in cloud."""
    rise, fall = _SUNRISE[day.month - 1], _SUNSET[day.month - 1]
    peak = 50 * _SUN_PERCENT[day.month - 1] * (35 + below(chance, 66)) // 100
    values = []
    for start in range(0, MINUTES_A_DAY, interval_length):
        flicker = 82 + below(chance, 19)
        middle = start + interval_length // 2
        bell = max((middle - rise) * (fall - middle), 0) * 4
        watts = peak * bell * flicker // ((fall - rise) ** 2 * 100)
        values.append(watts * interval_length // 60)
    return tuple(values)


def solar_home_e1(day: date, interval_length: int, chance: Random) -> Values:
    """What a solar home takes from the grid, in Wh; the same chance as `solar_home_b1`."""
    return _net_metered(day, interval_length, chance)[0]


def solar_home_b1(day: date, interval_length: int, chance: Random) -> Values:
    """What a solar home sends into the grid, in Wh; the same chance as `solar_home_e1`."""
    return _net_metered(day, interval_length, chance)[1]


def business_e1(day: date, interval_length: int, chance: Random) -> Values:
    """Consumption of a small business in Wh: office hours, a base load at night and weekends."""
    hourly = _SHOP_WEEKEND if is_weekend(day) else _SHOP_WEEKDAY
    percent = 90 + below(chance, 21)
    return tuple(
        _between_hours(hourly, start) * percent * (94 + below(chance, 13)) // 10_000
        * interval_length // 60
        for start in range(0, MINUTES_A_DAY, interval_length)
    )  # fmt: skip


def business_q1(day: date, interval_length: int, chance: Random) -> Values:
    """Reactive energy in VArh that goes with `business_e1` of the same chance."""
    active = business_e1(day, interval_length, chance)
    return tuple(value * (38 + below(chance, 13)) // 100 for value in active)


CURVES: Final[dict[str, Curve]] = {"E": household, "B": solar_home_b1, "Q": business_q1}
"""The curve of a channel in a big file, by the first letter of its NMISuffix."""


def is_weekend(day: date) -> bool:
    """Whether homes and shops keep their weekend curve that day."""
    return day.weekday() >= 5


def _between_hours(hourly: tuple[int, ...], minute: int) -> int:
    """The table's value at a minute of the day, on a straight line between full hours."""
    hour, past = divmod(minute, 60)
    return (hourly[hour] * (60 - past) + hourly[(hour + 1) % 24] * past) // 60


def _appliance_run(chance: Random) -> tuple[int, int, int]:
    """When an appliance runs, from and to in minutes of the day, and its watts."""
    watts, minutes = _APPLIANCES[below(chance, len(_APPLIANCES))]
    begin = 360 + below(chance, 960)
    return begin, begin + minutes, watts


def _net_metered(day: date, interval_length: int, chance: Random) -> tuple[Values, Values]:
    """Consumption less generation, parted into what is taken (E1) and what is sent (B1)."""
    used = household(day, interval_length, chance)
    made = solar_generation(day, interval_length, chance)
    net = [use - sun for use, sun in zip(used, made, strict=True)]
    return tuple(max(value, 0) for value in net), tuple(max(-value, 0) for value in net)
