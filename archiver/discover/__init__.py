"""Listings of articles: bytes in, discoveries out. Pure functions."""
