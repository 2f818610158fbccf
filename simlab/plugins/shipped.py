"""Importing this imports every plugin that ships: for a process that others are forked from, which then have them."""

from __future__ import annotations

from contextlib import suppress

from simlab.errors import FAILURES
from simlab.plugins.files import plugin_files
from simlab.plugins.importing import import_builtin
from simlab.plugins.registry import builtin_folder
from simlab.provenance import content_hash

for file in plugin_files(builtin_folder()):
    with suppress(*FAILURES):  # what is wrong with one is said by whoever looks for plugins
        import_builtin(file.resolve(), content_hash(file))
