"""The reader of users' own tables: CSV, tabs, JSON, Parquet, Arrow, packed or not.

`read(path)` gives a `Sheet`, or raises `Unusable` with one sentence and the likely fix. The annotations of
`simlab calibrate` and the exchanges of the world `records` are read with it. In the order to read it: `sheet` (cells,
and where each stands in its file), `numbers` (a cell as a number), `packing` (what is in a file, packed or not),
`delimited` (CSV and tabs), `structured` (JSON, Parquet, Arrow), `reading` (which of these a file is), `texts` (columns
of texts, as prompts and responses are).
pyarrow is imported only for files that need it.
"""

from simlab.sheets.reading import read
from simlab.sheets.sheet import Sheet, Unusable, blank, called, quoted
from simlab.sheets.texts import TextTable, columns_of, texts_of

__all__ = ["Sheet", "TextTable", "Unusable", "blank", "called", "columns_of", "quoted", "read", "texts_of"]
