"""Reports on finished runs, made from their tables only."""
