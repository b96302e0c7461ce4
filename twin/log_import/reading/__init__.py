"""Reading an export as it is written: its file, its lines, its columns, its numbers and its time stamps.

`table.open_table` gives a table's columns in batches, as written; `numbers` and `stamps` turn them into numbers, words
and nanoseconds; `sniff` guesses how an unknown file is written. Memory stays bounded whatever the file holds.
"""
