"""Published experiments as commands: `lgn reproduce`."""
