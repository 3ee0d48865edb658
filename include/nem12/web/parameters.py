"""The parameters that routes share, checked before the database is queried."""

from datetime import date
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

from nem12.mdff import spec
from nem12.web.paging import word

FIRST_DAY: Final = date(spec.FIRST_YEAR, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Nmi = Annotated[str, Path(pattern="^[A-Z0-9]{1,10}$")]
Suffix = Annotated[str, Path(pattern="^[A-Z0-9]{2}$")]
Prefix = Annotated[
    str,
    Query(pattern="^[A-Za-z0-9]{0,11}$", description="What the NMI begins with, or all of it"),
    AfterValidator(lambda text: text.upper()[: spec.NMI_LENGTH]),
]
Day = Annotated[date, Path(ge=FIRST_DAY, le=LAST_DAY)]
_IfGiven = BeforeValidator(lambda text: text or None)
"""A form sends fields that are left empty, too."""

First = Annotated[Annotated[date, Field(ge=FIRST_DAY)] | None, _IfGiven, Query(alias="from")]
Last = Annotated[Annotated[date, Field(le=LAST_DAY)] | None, _IfGiven, Query(alias="to")]
Run = Annotated[
    str,
    Query(max_length=250, description="Airflow's id of a load run"),
    AfterValidator(word),
]
After = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows of a page")]

Text = Annotated[
    str,
    Query(max_length=250, description="A part of the name as delivered, or of FromParticipant"),
    AfterValidator(word),
    AfterValidator(str.strip),
]
Word = Annotated[str, Query(max_length=40), AfterValidator(word)]
Sort = Annotated[
    str | None,
    Query(max_length=20, description="A column; with a minus before it the other way round"),
]

AnyNmi = Annotated[
    str,
    Query(pattern="^[A-Za-z0-9]{0,11}$", description="An NMI, with its check digit or without"),
    AfterValidator(lambda text: text.upper()[: spec.NMI_LENGTH]),
]
