"""Writing files: whole or not at all, locked, and never over what somebody else wrote.

Runs are killed, disks are full, and users keep their own files in folders that a command writes to.
So a file is written beside its place and renamed (atomic), a folder is held by one process (lock),
and only files with a digest that is known are replaced or removed (own_file, owned_folder).
"""
