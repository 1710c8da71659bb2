"""Archives given to others and taken from them: tables, WARC and WACZ files."""
