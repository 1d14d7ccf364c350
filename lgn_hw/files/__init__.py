"""Writing files: whole or not at all, locked, and never over what somebody else wrote."""
