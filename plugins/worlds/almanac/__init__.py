"""The almanac's worlds, as a plugin: `Almanac` and, with prose, `Factbook`, exported here for the loader."""

from .almanac import Almanac
from .factbook import Factbook

__all__ = ["Almanac", "Factbook"]
