"""The people of a pool: who they are, what they perceive and say, how they are hired, paid and lost.

`roster` holds the columns; the other modules are functions over a roster.
"""
