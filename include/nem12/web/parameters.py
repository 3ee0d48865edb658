"""The parameters that routes share, checked before a question is asked."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from nem12.mdff import spec

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Nmi = Annotated[str, Path(pattern="^[A-Z0-9]{1,10}$")]
Suffix = Annotated[str, Path(pattern="^[A-Z0-9]{2}$")]
Prefix = Annotated[
    str, Query(pattern="^[A-Za-z0-9]{0,10}$", description="What the NMI begins with")
]
Day = Annotated[date, Path(ge=date(spec.FIRST_YEAR, 1, 1), le=date(2200, 1, 1))]
First = Annotated[date | None, Query(alias="from", ge=date(spec.FIRST_YEAR, 1, 1))]
Last = Annotated[date | None, Query(alias="to", le=date(2200, 1, 1))]
After = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows of a page")]
