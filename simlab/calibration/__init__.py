"""Rater policies fitted to what real people said: `simlab calibrate DATA`.

In the order to read it: `annotations` (labels of pairs), `reading` with `labels`, and `ratings` with `raters` and
`missing` (labels from a table, a run's folder or people's ratings), `choice` and `sides` (likelihoods of rater models),
`curve` (the likelihood without a formula), `fitting` and `quantities` (maximum likelihood, estimates and intervals),
`policies` (from a fit to the keys of a scenario file), `comparison` (several rater models on labels they were not
fitted to, and the best one at work in the simulator).
Torch is imported only inside functions.
"""
