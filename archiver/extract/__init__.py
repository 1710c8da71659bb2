"""Pages into articles. Pure functions on bytes, run in processes that can be killed."""
