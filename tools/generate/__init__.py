"""Realistic NEM12 files from a seed: the sample set, test data, and gigabytes for measurements.

    python3 manage.py generate samples samples
    python3 manage.py generate big big.csv --mib 1024 --interval 5

The same seed makes the same bytes on every machine and Python version. Energy is counted in whole
thousandths of the channel's unit (Wh for kWh, VArh for kVArh); curves are integer tables, so no
rounding of binary fractions can differ. The only source of chance is `Random.random`, the one
method whose sequence Python promises to keep.
"""

from nem12.mdff.stamps import NEM_TIME
from tools.generate.bulk import Bulk, write_bulk
from tools.generate.curves import (
    CURVES,
    business_e1,
    business_q1,
    household,
    solar_generation,
    solar_home_b1,
    solar_home_e1,
)
from tools.generate.days import created_after, days, nmi
from tools.generate.model import (
    ACTUAL,
    ALL_ACTUAL,
    ESTIMATED,
    EXPLAINED,
    FINAL,
    FROM_PARTICIPANT,
    MOSTLY_ACTUAL,
    MOSTLY_VARIED,
    OUTAGE,
    SUBSTITUTED,
    TO_PARTICIPANT,
    VARIED,
    Channel,
    Curve,
    Day,
    Event,
    ManualRead,
    Mix,
    Quality,
    Values,
)
from tools.generate.records import (
    channel_record,
    day_records,
    end_record,
    file_bytes,
    header_record,
    write,
)
from tools.generate.samples import sample_files, write_samples

__all__ = [
    "ACTUAL",
    "ALL_ACTUAL",
    "CURVES",
    "ESTIMATED",
    "EXPLAINED",
    "FINAL",
    "FROM_PARTICIPANT",
    "MOSTLY_ACTUAL",
    "MOSTLY_VARIED",
    "NEM_TIME",
    "OUTAGE",
    "SUBSTITUTED",
    "TO_PARTICIPANT",
    "VARIED",
    "Bulk",
    "Channel",
    "Curve",
    "Day",
    "Event",
    "ManualRead",
    "Mix",
    "Quality",
    "Values",
    "business_e1",
    "business_q1",
    "channel_record",
    "created_after",
    "day_records",
    "days",
    "end_record",
    "file_bytes",
    "header_record",
    "household",
    "nmi",
    "sample_files",
    "solar_generation",
    "solar_home_b1",
    "solar_home_e1",
    "write",
    "write_bulk",
    "write_samples",
]
