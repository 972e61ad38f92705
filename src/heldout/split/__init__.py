"""The seal, the ledger, partitions and folds."""
