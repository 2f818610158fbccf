"""Figures of runs and studies, made from their tables: one file a theme, listed in `run_charts` and `study_charts`.

| file | figures |
|---|---|
| `ladder` | ρ of each level with the one above, what it loses; the same as a waterfall |
| `preferences` | what each party came to prefer |
| `orders` | orders of judgement; whether those dismissed deserved it |
| `employment` | who was hired, warned and fired |
| `frontier` | gold against proxy, over KL |
| `money` | who received and paid what |
| `arms` | of studies: outcomes, effects, response curves |

`chart` says what a figure is, `canvas` draws it (with the extra `report`), `plots` gives it to notebooks.
"""
