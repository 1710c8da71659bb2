"""Archived pages as they were, on an origin of their own."""
