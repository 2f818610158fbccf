"""Worlds: what a language game is, games of words, and their tokenizer. The games themselves are plugins."""
