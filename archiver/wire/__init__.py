"""HTTP as bytes: framing and codings, with nothing lost. No input or output here but `spool`."""
