"""Help for authors of plugins: first drafts (`drafts`), contracts in words (`contracts`), samples (`tryout`).

Used by the commands `simlab new`, `simlab plugins --contract` and `simlab try`.
"""
