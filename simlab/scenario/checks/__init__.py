"""Checks of a scenario as a whole: what entries that are well-formed one by one cannot be together.

`rules` states which kinds of party may stand in which relation, and `relations` holds a scenario's relations against
it. The others check criteria that are named, sizes, society, rater policies and reward shapes. `reading` reports all
complaints at once, each with its line of the file.
"""
