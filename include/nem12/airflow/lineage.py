"""OpenLineage: which files a batch comes from, and what it put into `meter_readings`.

Only the operator's lineage methods import this, and only the OpenLineage provider calls them.
"""

from collections.abc import Iterator
from typing import Any, Final

from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.sdk import BaseHook
from attr import define
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    RunFacet,
    column_lineage_dataset,
    dataset_version_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)
from openlineage.client.naming.dataset import LocalFileSystem

from nem12 import settings, storage
from nem12.drop import uri_path
from nem12.load.planned import load_plan
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown
from nem12.shard import Part, load_shard
from nem12.storage import Place
from nem12.survey import MeterFile

MOST_FILES: Final = 50
"""Files in one event: with their columns about 100 KB."""

NAME_CHARACTERS: Final = 1000
"""Of a path: the length that PostgreSQL and lineage stores accept as a name."""

COLUMNS: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    "id": ("uuid", ("200.NMI", "200.NMISuffix", "300.IntervalDate"), "made of the key"),
    "nmi": ("varchar", ("200.NMI",), ""),
    "nmi_suffix": ("varchar", ("200.NMISuffix",), ""),
    "timestamp": (
        "timestamptz",
        ("300.IntervalDate", "200.IntervalLength"),
        "start of the interval, in UTC+10",
    ),
    "interval_minutes": ("int2", ("200.IntervalLength",), ""),
    "consumption": ("numeric", ("300.IntervalValue", "200.UOM"), "in the kilo unit"),
    "uom": ("varchar", ("200.UOM",), "in its canonical spelling"),
    "quality_method": (
        "varchar",
        ("300.QualityMethod", "400.QualityMethod"),
        "of this very interval",
    ),
}
"""Columns of `meter_readings`: type as in `udt_name`, which other integrations give, the NEM12
fields each is made of, and how."""


@define
class MeterFileFacet(DatasetFacet):
    """The facts about a NEM12 file."""

    sha256: str
    size: int
    profile: str
    fromParticipant: str  # noqa: N815 - OpenLineage's facets spell their fields this way
    toParticipant: str  # noqa: N815
    headerDateTime: str  # noqa: N815


@define
class MeterBatchFacet(RunFacet):
    """The content of a batch; the event names only the first of `files` as inputs."""

    batchId: str  # noqa: N815
    files: int
    days: int
    readings: int
    refusedRecords: int  # noqa: N815


def batch_lineage(
    batch: object, conn_id: str, put_in_force: int | None = None
) -> OperatorLineage[Any, Any]:
    """The lineage of one batch.

    Args:
        batch: The result of `parse`; anything else if the task did not get that far.
        conn_id: Airflow connection of the warehouse.
        put_in_force: Readings, once they are committed.
    """
    output = OutputDataset(*_table(conn_id), facets={"schema": _schema()})
    if put_in_force is not None:
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
        output.outputFacets = {"outputStatistics": statistics(rowCount=put_in_force)}
    if not isinstance(batch, dict) or not storage.exists(
        described := storage.place(batch["shard"])
    ):
        return OperatorLineage(outputs=[output])
    parts = _by_file(load_shard(described).parts)
    inputs = list(_inputs(described.parent, parts))
    output.facets = {"schema": _schema(), "columnLineage": _column_lineage(inputs)}
    facet = MeterBatchFacet(
        batch["batch_id"], len(parts), batch["days"], batch["readings"], batch["refused_records"]
    )
    return OperatorLineage(inputs=inputs, outputs=[output], run_facets={"nem12_batch": facet})


def _by_file(parts: tuple[Part, ...]) -> dict[str, list[Part]]:
    by_sha256: dict[str, list[Part]] = {}
    for part in parts:
        by_sha256.setdefault(part.file.sha256, []).append(part)
    return by_sha256


def _inputs(folder: Place, parts: dict[str, list[Part]]) -> Iterator[InputDataset]:
    named = dict(list(parts.items())[:MOST_FILES])
    landed = _landed(folder, set(named))
    for sha256, of_file in named.items():
        file = of_file[0].file
        naming = LocalFileSystem(path=shown(landed.get(sha256, file.name), NAME_CHARACTERS))
        version = dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=sha256)
        statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            rowCount=sum(part.last_line - part.first_line + 1 for part in of_file),
            size=sum(part.size for part in of_file),
            fileCount=1,
        )
        yield InputDataset(
            naming.get_namespace(),
            naming.get_name(),
            facets={"version": version, "nem12_file": _file_facet(file)},
            inputFacets={"inputStatistics": statistics},
        )


def _landed(folder: Place, wanted: set[str]) -> dict[str, str]:
    """Where files landed; `MeterFile.path` may be a copy that is removed with the run."""
    landed: dict[str, str] = {}
    for drop in load_plan(folder):
        path = uri_path(drop.uri)
        for member in drop.members:
            if member.sha256 in wanted and member.outcome is None:
                landed[member.sha256] = f"{path}{member.name.removeprefix(path.name)}"
    return landed


def _file_facet(file: MeterFile) -> MeterFileFacet:
    header = file.header
    created = (
        header.date_time.replace(tzinfo=NEM_TIME).isoformat() if header and header.known else ""
    )
    return MeterFileFacet(
        sha256=file.sha256,
        size=file.size,
        profile=file.profile,
        fromParticipant=header.from_participant if header else "",
        toParticipant=header.to_participant if header else "",
        headerDateTime=created,
    )


def _table(conn_id: str) -> tuple[str, str]:
    """Namespace and name of the table, as other integrations call it too."""
    connection = BaseHook.get_connection(conn_id)
    name = f"{connection.schema or settings.DATABASE}.public.meter_readings"
    namespace = settings.lineage_namespace()
    if namespace:
        return namespace, name
    host = connection.host or ""
    # The folder of a unix socket is not an address that means anything on another machine.
    host = "localhost" if not host or host.startswith("/") else host
    return f"postgres://{host}:{connection.port or 5432}", name


def _schema() -> schema_dataset.SchemaDatasetFacet:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name, kind, ordinal_position=place)
        for place, (name, (kind, _, _)) in enumerate(COLUMNS.items(), 1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields=fields)


def _column_lineage(
    inputs: list[InputDataset],
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    def transformation(how: str) -> column_lineage_dataset.Transformation:
        return column_lineage_dataset.Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION" if how else "IDENTITY",
            description=how,
            masking=False,
        )

    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            column: column_lineage_dataset.Fields(
                [
                    column_lineage_dataset.InputField(
                        file.namespace, file.name, source, [transformation(how)]
                    )
                    for file in inputs
                    for source in sources
                ]
            )
            for column, (_, sources, how) in COLUMNS.items()
        }
    )
