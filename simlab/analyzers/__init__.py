"""The rooms of the observatory: one for each measure that is taken of a round beside `alignment`."""
