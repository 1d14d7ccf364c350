"""Make a classifier smaller where samples say that it costs least; its function changes."""
