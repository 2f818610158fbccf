"""The almanac world, as a plugin: one component, `Almanac`, exported here for the loader."""

from .almanac import Almanac

__all__ = ["Almanac"]
