"""The program ``python -m sklearn_gd``: three comparisons, or a first model of a file."""
