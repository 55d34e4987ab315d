"""The method: mining, synthesis, losses. Sees tensors and the protocol only."""
