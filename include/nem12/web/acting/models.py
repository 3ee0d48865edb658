"""What the routes of acts answer; as in `nem12.web.models`."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from nem12.web.models import Answer, Outcome, Sha256, State, Status


class UploadedFile(Answer):
    """A file of an upload, which may be an archive of several."""

    name: Annotated[str, Field(description="As delivered; a member as `archive/member`")]
    outcome: Outcome
    sha256: Sha256
    status: Annotated[Status, Field(description="Of the file now")]


class UploadItem(Answer):
    """An upload, and what became of it; the last five fields are null until it is claimed."""

    upload_id: int
    uploaded_at: datetime
    uploaded_by: Annotated[str, Field(description="The user, by the name that Airflow knows")]
    name: Annotated[
        str, Field(description="In the landing folder: with a number before it if it was in use")
    ]
    size: Annotated[int, Field(description="In bytes")]
    sha256: Annotated[str, Field(description="SHA-256 of what was uploaded, in hexadecimal")]
    drop_id: int | None
    state: State | None
    outcome: Annotated[
        str | None, Field(description="Outcome of the drop: of its files, or failed")
    ]
    run: Annotated[str | None, Field(description="Airflow's id of the load run")]
    message: str | None


class Upload(UploadItem):
    """The same with the files that were found in it."""

    path: Annotated[str, Field(description="Of its page, below this one")]
    files: list[UploadedFile]
