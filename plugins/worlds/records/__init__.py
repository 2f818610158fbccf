"""The world of the user's own records, as a plugin: one component, `Records`, exported here for the loader."""

from .records import Records

__all__ = ["Records"]
