"""Who there is in a hierarchy: one file a kind of party; `simlab.simulation.PARTIES` maps kinds to classes."""
