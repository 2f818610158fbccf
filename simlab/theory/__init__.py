"""What the simulator must agree with: laws of theory, each held against the simulator's own parts.

Some laws are observed from single components, some from parties before the clock runs, and those of the modules
`laws/run_*.py` from the tables that whole runs leave (`whole_runs`). `Law.path` names the code of a run that a law
observes.

`LAWS` holds every law by id, `check` holds them all to their points and controls and returns a record each. A family
of laws is a module with a tuple `LAWS`, listed in `catalogue`. Importing this package imports neither torch, pandas
nor scipy.
"""

from simlab.theory.catalogue import LAWS
from simlab.theory.check import check
from simlab.theory.law import Control, Law

__all__ = ["LAWS", "Control", "Law", "check"]
