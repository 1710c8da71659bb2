"""What became of articles: what changed in them, when to look again, and which are gone."""
