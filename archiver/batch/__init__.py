"""Work over many WARC files, one job a file: here in processes, or by the workers of a fleet."""
