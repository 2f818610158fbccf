"""Studies: a question put to many runs, and its answer with an interval.

- `study_file`: what a study file may say. `design`: the arms that follow from what it varies. `plan`: both together,
  with every arm's scenario checked.
- `folder`: what is on disk. `task`: one run of a study, wherever it is executed. `executors`: how tasks are shared
  out. `study`: all of it, from a file to tables.
- `effects`: differences between arms with intervals, and verdicts on hypotheses.
"""
