"""One MCAP file: header, topics, scene and transforms, written and read."""
