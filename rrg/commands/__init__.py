"""One module for each group of commands. Arguments and exits, no method."""
