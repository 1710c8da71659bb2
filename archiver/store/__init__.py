"""What outlives a run: blobs, catalogue, search."""
