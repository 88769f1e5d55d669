"""Where specimens come from: the registry, the download and a reader for each source."""
