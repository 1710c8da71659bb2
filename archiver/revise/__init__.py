"""What changed between two captures of an article: pure functions on articles, no I/O."""
