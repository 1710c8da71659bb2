"""News archiver: watch outlets, keep what crossed the wire, know what changed."""

__version__ = "0.1.0"
