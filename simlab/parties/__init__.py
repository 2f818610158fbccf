"""One file per kind of party, read top to bottom; `simlab.simulation.PARTIES` maps kinds to classes."""
