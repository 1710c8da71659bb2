"""Many machines at one archive: who does what next, and who does it."""
