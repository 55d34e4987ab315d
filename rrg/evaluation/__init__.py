"""From a checkpoint or a file of reports to numbers."""
