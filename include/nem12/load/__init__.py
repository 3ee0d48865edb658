"""One load, from claim to settling: the steps that need the ledger."""
