"""From a configuration to a checkpoint."""
