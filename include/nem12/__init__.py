"""NEM12 interval meter data into PostgreSQL.

The modules are the data's way: a *drop* lands, is cut into *shards*, each is *parsed* and *staged*
as an SQL batch file, *applied* to the warehouse in one transaction, and *settled*.
"""

__version__ = "0.2.0"
"""The only place of the version: pyproject.toml reads it here."""
