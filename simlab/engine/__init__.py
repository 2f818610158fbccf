"""What all share during a run: the context, the event log, the ledger, queues, and computations by content."""
