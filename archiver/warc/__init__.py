"""The WARC format: records, reader, writer, recovery, CDXJ."""
