"""What each command of the command line does: one function a command, taking its arguments, returning its exit code.

Libraries are imported inside the functions, so that `validate`, `plugins` and `schema` stay quick.
"""

from simlab.commands.calibration import calibrate
from simlab.commands.laws import theory
from simlab.commands.making import new, plugins, try_
from simlab.commands.outcomes import compare, near, next, tables, trace, verify
from simlab.commands.scenarios import describe, keys, run, schema, validate

__all__ = [
    "calibrate", "compare", "describe", "keys", "near", "new", "next", "plugins", "run", "schema", "tables", "theory",
    "trace", "try_", "validate", "verify",
]  # fmt: skip
