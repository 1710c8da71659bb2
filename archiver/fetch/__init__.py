"""The network and what is kept of it."""
