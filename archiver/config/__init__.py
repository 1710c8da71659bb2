"""How an installation works (settings) and what it watches (seeds), read from TOML files."""
