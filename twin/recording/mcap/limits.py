"""Size limits that bound a reader's memory; the writer stays well within them."""

MAX_CHUNK_BYTES = 32 * 2**20
"""Of one chunk, compressed or not."""
MAX_RECORD_BYTES = 64 * 2**20
"""Of one metadata or attachment record."""
MAX_SUMMARY_BYTES = 256 * 2**20
"""Of the summary section: an index of a million chunks fits."""
CACHE_BYTES = 64 * 2**20
"""Of decoded chunks kept by an open recording."""
