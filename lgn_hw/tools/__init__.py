"""Programs that are run: where they are found, how they are called, what their errors say."""
