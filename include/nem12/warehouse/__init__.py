"""PostgreSQL: the schema and its migrations, the apply step, the ledger."""
