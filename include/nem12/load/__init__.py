"""The acts that need the ledger: claim what landed, plan it, settle it."""
