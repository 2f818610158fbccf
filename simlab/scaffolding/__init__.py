"""Making a plugin: a first draft of one (`drafts`), and one at work on samples (`showing`). Used by the commands."""
