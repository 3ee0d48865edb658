"""`dags`: prints the folder of the DAG files."""

from argparse import Namespace

from nem12 import settings
from nem12.cli.output import out


def dags(arguments: Namespace) -> int:  # noqa: ARG001 - has no arguments of its own
    """Print the folder of the DAG files."""
    out.print(settings.shipped("dags"), markup=False, soft_wrap=True)
    return 0
