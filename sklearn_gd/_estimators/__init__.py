"""What all estimators do in ``fit``."""
