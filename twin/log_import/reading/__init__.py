"""Reads an export as written: its file, lines, columns, numbers and time stamps.

`table.open_table` gives a table's columns in batches, as written; `numbers` and `stamps` convert them to numbers, words
and nanoseconds; `sniff` guesses the format of an unknown file. Memory is bounded for any file.
"""
