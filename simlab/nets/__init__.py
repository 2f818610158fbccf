"""Networks in plain torch: a transformer, a reward model made from it, and PPO. Nothing here knows of simlab.

`transformer` is the language model, `reward_model` what is made of it, alone or several on one `shared_trunk`;
`preference` learns from comparisons, `policy` from rewards; `closed_form` holds what needs no network (and no torch).
Used by `simlab/machines` and by the learners among the plugins.
"""
