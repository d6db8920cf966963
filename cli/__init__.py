"""The `spadv` command: a thin layer over the two halves."""
