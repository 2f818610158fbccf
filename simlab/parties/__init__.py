"""One file per kind of party; `KINDS` maps what a scenario calls a kind to its class."""
