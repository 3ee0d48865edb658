"""NEM12 interval meter data into PostgreSQL.

The modules follow the way of the data: a *drop* lands, is cut into *shards*, each shard is *parsed*
and *staged* as an SQL batch file, *applied* to the warehouse in one transaction, and *settled*.
"""

__version__ = "0.2.0"
"""The only place of the version: pyproject.toml reads it here."""
