"""PostgreSQL: tables (`migrations`), functions and views (`schema`), the apply step, the ledger."""
