"""What the simulator must agree with: laws of theory, each held against the simulator's own parts.

`LAWS` holds every law by id, `check` holds them all to their points and controls and returns a record each. A family
of laws is a module with a tuple `LAWS`, listed in `catalogue`. Importing this package imports neither torch, pandas
nor scipy.
"""

from simlab.theory.catalogue import LAWS
from simlab.theory.check import check
from simlab.theory.law import Control, Law

__all__ = ["LAWS", "Control", "Law", "check"]
