"""What each command of the command line does: one function a command, taking its arguments, returning its exit code.

Libraries are imported inside the functions, so that `validate`, `plugins` and `schema` stay quick.
"""

from simlab.cli.calibrate import calibrate
from simlab.cli.plugins import new, plugins, try_
from simlab.cli.run import describe, keys, run, schema, validate
from simlab.cli.tables import compare, near, next, tables, trace, verify
from simlab.cli.theory import theory

__all__ = [
    "calibrate", "compare", "describe", "keys", "near", "new", "next", "plugins", "run", "schema", "tables", "theory",
    "trace", "try_", "validate", "verify",
]  # fmt: skip
