"""The kinds of plugin, one file each, with the data that a plugin of the kind is shown.

- `component`: what all kinds have in common. `catalogue`: how the rest of simlab asks which class a name means.
- `criterion` (shown an `exchange`), `combination`, `charter`, `guideline_policy`: what is wanted of responses.
- `rater_policy` (shown a `cohort` and a `rater_view`), `effort`, `look` (with `peers`), `review`, `pay`: how people
  work, and how their work is looked at. Pay schemes are no plugins, but a part of what the others reckon with.
- `aggregator`, `reward_shape`: how machines learn from people. `logger`: who looks on.
- `logit`, `choice_noise`, `incentives`: mathematics that several shipped plugins share.
- `answers`, `known`, `data_file`, `spec`: checks of what plugins return, and bases of what they are shown and read.

Worlds are a kind of plugin, too; since they open games, they are in `simlab.worlds.world`.
"""
