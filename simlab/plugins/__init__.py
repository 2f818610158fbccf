"""Plugins as files: where they are found, how they are imported, what they consist of, and when they are called.

`registry` has what one application has found. `files` and `importing` look for plugin files and import them,
`footprint` says what a plugin rests on, `hookspecs` and `hooks` which functions are called when, and `watchdog` ends
calls that do not return. The contracts of components are in `simlab.components`.
"""
