"""What each command of the command line does: one function a command, taking its arguments, returning its exit code.

Libraries are imported inside the functions, so that `validate`, `plugins` and `schema` stay quick.
"""

from simlab.commands.calibration import calibrate
from simlab.commands.laws import theory
from simlab.commands.outcomes import compare, near, next, tables, trace, verify
from simlab.commands.scenarios import describe, plugins, run, schema, validate

__all__ = [
    "calibrate", "compare", "describe", "near", "next", "plugins", "run", "schema", "tables", "theory", "trace",
    "validate", "verify",
]  # fmt: skip
