"""Rater policies fitted to what real people said: `simlab calibrate DATA`.

In the order to read it: `annotations` (what was said of which pair), `reading` with `labels`, and `ratings` with
`raters` (from a table, a run's folder or people's ratings to that), `choice` and `sides` (how likely a rater model
makes it), `curve` (the same without a formula), `fitting` and `quantities` (maximum likelihood, and what it estimates,
with intervals), `policies` (from a fit to what a scenario file would say), `comparison` (several rater models on labels
they were not fitted to, and the best one at work in the simulator).
Torch is imported only inside functions.
"""
