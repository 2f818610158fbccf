"""Studies: a question put to many runs, and its answer with an interval.

- `study_file`: what a study file may say. `design`: the arms that follow from what it varies. `overlaps`: settings
  that undo one another. `plan`: all of it together, with every arm's scenario checked.
- `task`: one run of a study, wherever it is executed. `executors`: how tasks are shared out. `study`: all of it, from a
  file to tables. What is on disk is `runs.study_folder`.
- `solve`: budgets that every arm meets. `search`: the cheapest point that reaches a target. `value_of`: what orders of
  judgement are worth.
- What is made of it is in `report`: `effects`, `prices`, `response`, `sensitivity`.
"""
